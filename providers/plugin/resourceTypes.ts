import type { NamedTypes, TypedProperties, TypedProperty } from "./types.js";

/*
 * What the inputs and outputs of managed resources are made of. Programs do not write these: a Relay does. ServedService is the
 * Relay's own type. What grows with the number of peers travels as lines of text (core/packed), and is a map of strings here.
 */

const text = (description: string): TypedProperty => ({ of: "string", description });
const integer = (description: string): TypedProperty => ({ of: "integer", description });
const maybe = (property: TypedProperty): TypedProperty => ({ ...property, optional: true });
const secret = (property: TypedProperty): TypedProperty => ({ ...property, optional: true, secret: true });
const object = (description: string, properties: TypedProperties): NamedTypes[string] => ({ description, properties });

const dated: TypedProperties = {
    fingerprint: text("SHA-256 of the certificate."),
    notBefore: text("From when it is valid, RFC 3339."),
    notAfter: text("Until when it is valid, RFC 3339."),
};

/** Which machine, and which log. */
const placeTypes: NamedTypes = {
    HostDescriptor: object("A machine, and what leads to it.", {
        kind: text("`local`, `ssh` or `script`."),
        namespace: maybe(text("`local`: a network namespace.")),
        address: maybe(text("`ssh`: host name or address.")),
        port: maybe(integer("`ssh`: the SSH server's port.")),
        user: maybe(text("`ssh`: the user that logs in.")),
        hostKey: maybe(text("`ssh`: the only host key that the machine may show.")),
        trustOnFirstUse: maybe({ of: "boolean", description: "`ssh`: accept the key that it shows first." }),
        identityFile: maybe(text("`ssh`: file of a private key.")),
        proxyJump: maybe(text("`ssh`: machines in between.")),
        sudo: maybe({ of: "boolean", description: "`ssh`: become root with sudo." }),
        packages: maybe(text("`ssh`: `install` what is missing, or `require` it.")),
        instance: maybe({ of: { named: "CloudInstance" }, description: "Of a machine that the program makes." }),
        path: maybe(text("`script`: where the script is written, relative to the project.")),
    }),
    CloudInstance: object("A cloud machine behind an address.", {
        provider: text("`digitalocean`."),
        id: text("The cloud's id of it."),
        address: maybe(text("Its own address.")),
    }),
    ManagedMachine: object("The machine of a managed peer.", {
        peer: text("The peer's name."),
        host: { of: { named: "HostDescriptor" }, description: "The machine." },
        interface: text("Name of the WireGuard interface on it."),
        credentials: secret(text("A private SSH key, if the program sets one.")),
    }),
    HostMove: object("That a relay went to another place.", {
        id: text("Generated with each move."),
        left: { of: { list: { named: "FormerPlace" } }, description: "Places that were left since." },
    }),
    FormerPlace: object("A place that a relay left.", {
        host: { of: { named: "HostDescriptor" }, description: "The machine." },
        appName: text("Prefix of the relay's names there."),
        interface: text("Name of its interface there."),
        machine: text("Identity of the machine."),
        hostKey: maybe(text("The SSH host key that was seen.")),
    }),
    AuditReference: object("A sealed log, and where its signing key is.", {
        path: text("File of the log, relative to the project."),
        project: text("Project that the log belongs to."),
        stack: text("Stack that the log belongs to."),
        signingKey: maybe(text("`file:PATH` or `env:NAME`. Default: a file in the user's configuration directory.")),
        mirror: maybe({ of: "boolean", description: "Keep a copy of the log's lines on remote relays." }),
        onBehind: maybe(text("`fail` or `warn`: what a preview makes of a log that is older than the state.")),
        restartFrom: maybe(text("Name of a log that is truly lost.")),
        segmentBytes: maybe(integer("Bytes beyond which the file is closed and a new one begun.")),
        approvers: maybe({ of: { named: "RequiredApprovers" }, description: "Who has to approve an update." }),
    }),
    RequiredApprovers: object("Who has to approve an update.", {
        signers: { of: { list: "string" }, description: "Lines in OpenSSH's allowed_signers form." },
        required: integer("How many of them."),
        folder: maybe(text("Where approvals are, relative to the project.")),
        emergency: maybe(text("`record` or `refuse`: an update without an approval for which a reason is given.")),
    }),
    AuditRecordMark: object("A record in the sealed log.", {
        sequence: integer("Its sequence number."),
        hash: text("Its hash."),
        offset: integer("Byte offset of its line."),
        genesis: maybe(text("Hash of the log's first record.")),
    }),
};

/** Names, addresses and ports. */
const registryTypes: NamedTypes = {
    RegistryService: object("A service's place in the registry.", {
        port: maybe(integer("Its port. Default: allocated.")),
        formerly: maybe({ of: { list: "string" }, description: "Names that it had before, by its aliases." }),
    }),
    RetiredNames: object("Names that are no longer listed.", {
        peers: { of: { map: "string" }, description: "Peers, as lines of text." },
        services: { of: { map: { named: "RegistryService" } }, description: "Services." },
        keys: maybe({
            of: { oneOf: ["string", { list: "string" }] },
            description: "Revoked public keys that no name holds any more.",
        }),
    }),
    RefusedProperty: object("What the history of a ledger forbids.", {
        path: text("The property."),
        problem: text("What is wrong with it."),
        fix: text("What to do."),
    }),
    SuppliedValues: object("What other resources say of peers.", {
        routes: maybe({ of: { map: { list: "string" } }, description: "Networks behind peers, by name." }),
        expires: maybe({ of: { map: "string" }, description: "When peers expire, by name, RFC 3339." }),
        peers: maybe({ of: { map: "string" }, description: "Peers that they list, by name." }),
    }),
    AdmittedLines: object("What is on a relay from now on, as lines of text.", {
        peers: text("Name, public key, addresses and key epoch of each peer."),
        rules: text("Access rules."),
        services: text("Name and port of each service."),
        terms: maybe(text("When access rules end.")),
        keyOverlap: maybe(integer("Seconds in which a peer's replaced key still works.")),
        undecided: maybe({ of: { list: "string" }, description: "Sources that other resources decide about as well." }),
    }),
    StateOnlyKeys: object("What would be lost with the state.", {
        relayKey: { of: "boolean", description: "Whether the relay's own key is in it alone." },
        peers: integer("How many peers have keys that are in it alone."),
    }),
    MissingKeys: object("Generated keys that the state may have lost.", {
        epochs: maybe(text("Key epochs of the relay, separated by spaces.")),
        peers: maybe(text("Names of peers.")),
        authorities: maybe(text("Algorithms of CAs.")),
        held: maybe(text("Public keys that key pairs in the state have, or had.")),
    }),
    FormerValues: object("Values of a resource that is replaced. Each type of resource has some of them.", {
        publicKey: maybe(text("A public key.")),
        privateKey: secret(text("Its private key.")),
        epoch: maybe(integer("Its key epoch.")),
        former: maybe({ of: { list: "string" }, description: "Public keys that it replaced." }),
        seed: secret(text("The relay's seed.")),
        hostKey: maybe(text("An SSH host key.")),
        certificate: maybe(text("A certificate, PEM.")),
        notAfter: maybe(text("When it expires, RFC 3339.")),
        urn: maybe(text("URN of the resource in the state.")),
        peers: maybe(text("Peers, a line each.")),
        epochs: maybe({ of: { map: "string" }, description: "Public keys by key epoch." }),
        json: maybe(text("The ledger, as JSON.")),
        record: maybe({ of: { named: "AuditRecordMark" }, description: "The last record." }),
    }),
};

/** The tunnel. */
const tunnelTypes: NamedTypes = {
    ReachedAddresses: object("A relay's known addresses.", {
        endpoint: maybe(text("The endpoint that the program sets.")),
        machine: maybe(text("The machine's own address.")),
        client: maybe(text("Where an update connected from.")),
    }),
    RelayKeyEpoch: object("A key epoch of a relay.", {
        interface: text("Its interface."),
        port: integer("Its UDP port."),
        publicKey: text("Its public key."),
    }),
    ManagedPeerTunnel: object("How a managed peer reaches its relay.", {
        name: text("The peer's name on its relay."),
        keyEpoch: integer("The peer's key epoch."),
        admitted: integer("How often its name was admitted."),
        endpoint: text("host:port of the relay's newest key epoch."),
        keepalive: integer("Seconds between keepalives; 0 for none."),
    }),
    AdoptionTerms: object("What an adopted interface is compared with.", {
        isMtuGiven: { of: "boolean", description: "Whether the program sets the MTU." },
        forwards: {
            of: { list: "integer" },
            description: "IP versions in which grants allow traffic through the relay.",
        },
        accepts: maybe(text("Hash of the accepted differences.")),
    }),
    WantedInterface: object("WireGuard's settings, to compare an adopted interface with.", {
        prefix: maybe(integer("Prefix length of the tunnel's network.")),
        prefix6: maybe(integer("Prefix length of the tunnel's IPv6 network.")),
        listenPort: maybe(integer("UDP port.")),
        epochs: maybe({ of: { list: "integer" }, description: "Key epochs." }),
        mtu: maybe(integer("MTU in bytes.")),
        peers: maybe({ of: { map: "string" }, description: "Peers, as lines of text." }),
        publicKeys: maybe({ of: { map: "string" }, description: "Generated public keys, by peer." }),
    }),
};

/** Services, and what certifies them. */
const serviceTypes: NamedTypes = {
    ProxyService: object("A service as the proxy serves it.", {
        port: integer("Its TCP port."),
        upstream: text("host:port behind it."),
        certificate: text("`both`, `ed25519` or `ecdsa-p256`."),
        keyExchange: text("`require` or `prefer`."),
    }),
    LeafCertificate: object("A service's certificate.", {
        file: text("Its file on the machine."),
        ...dated,
        renewal: maybe(text("`relay`: made by the relay itself.")),
        certificate: maybe(text("The certificate, PEM, where a script carries it.")),
        request: maybe(text("The request that it answers, PEM, where a script carries it.")),
    }),
    IssuerCertificate: object("An intermediate CA on a relay.", {
        certificate: text("Its certificate, PEM."),
        ...dated,
    }),
    AuthorityScope: object("What a CA certifies.", {
        appName: text("Names under `<appName>.internal`."),
        subnet: text("Addresses in this network."),
        algorithm: text("`ed25519` or `ecdsa-p256`."),
        version: maybe(integer("Version of the certificate's extensions.")),
    }),
    ScriptReceipt: object("What a script printed on its machine.", {
        edition: text("When the script was written."),
        generation: integer("How often the relay was changed."),
        machine: text("Identity of the machine."),
        publicKey: text("The relay's public key."),
        script: text("SHA-256 of the script."),
    }),
};

export const resourceTypes: NamedTypes = { ...placeTypes, ...registryTypes, ...tunnelTypes, ...serviceTypes };
