import { InvalidArgument, TunnelError } from "../errors.js";
import { parsePresharedKey, parsePublicKey, publicKeyOf } from "../keys/index.js";
import { sanitizeText } from "../audit/sanitize.js";
import { canonicalEndpoint } from "../arguments/text.js";
import { refuse, type Fault } from "../arguments/validate.js";
import {
    keyFileIn,
    leftOut,
    limitsForwarding,
    presharedKeyFiles,
    setsUnknownPresharedKey,
    type HookedKey,
    type ReadFile,
} from "./hooks.js";
import { asOnWire, besideFile, type Entry, type LiveRelay } from "./live.js";
import type { AdoptedPeer, Adoption } from "./model.js";
import { namePeers, writtenBeside } from "./names.js";
import { membershipOf, refuseOverlaps, refuseWithoutRoom, tunnelOf } from "./networks.js";
import { listenPortOf, mtuOf, presharedOf, privateKeyOf } from "./settings.js";
import { lastOf, listOf, parseQuickFile, type QuickFile, type QuickPeer } from "./wgQuick.js";

/** What is known beside the file. */
export interface Beside {
    /** What to call the file in an error. */
    subject: string;
    /** Where it is, for `privateKey`. */
    path: string;
    interface: string;
    endpoint?: string | undefined;
    /** MTU of the interface as it is on this machine, in bytes. Absent: it cannot be looked at from here. */
    mtu?: number | undefined;
    /** The interface itself. Absent: it cannot be looked at from here. */
    live?: LiveRelay | undefined;
    /** The text of a file that a hook names; undefined when it cannot be read here. Default: none can. */
    read?: ReadFile | undefined;
}

/**
 * A relay from its wg-quick file.
 *
 * @throws InvalidArgument naming every fault; never a key
 */
export function fromQuickFile(text: string, beside: Beside): Adoption {
    const { subject, path, interface: device } = beside;
    const file = parseQuickFile(text, subject);
    if (file.peers.length === 0)
        throw new InvalidArgument(subject, "has no [Peer]", "declare the peers in a program yourself");
    const { live } = beside;
    const mtu = live?.mtu ?? mtuOf(file) ?? beside.mtu;
    const tunnel = tunnelOf(
        listOf(file.settings, "address"),
        file.peers.map(({ settings }) => listOf(settings, "allowedips")),
        subject,
        mtu,
    );
    refuseClient(file, subject);
    const faults: Fault[] = [];
    const fault = (one: Fault): void => void faults.push(one);
    const left = leftOut(file);
    const publicKeys = keysOf(file.peers, subject, fault);
    if (faults.length > 0) refuse(subject, faults);
    const entries = entriesOf(file, publicKeys, beside, left, fault);
    const presharedKeys: Record<string, string> = {};
    const peers = entries.map(({ name, publicKey, written, allowed, inFile, onWire }): AdoptedPeer => {
        const { address, routes, left: hers } = membershipOf(name, allowed, tunnel, fault);
        left.push(...hers);
        const preshared = onWire ?? inFile ?? "";
        if (preshared !== "") presharedKeys[name] = preshared;
        return {
            name,
            publicKey,
            ...(written === undefined ? {} : { written: sanitizeText(written) }),
            ...(address === undefined ? {} : { address }),
            routes,
            preshared: preshared !== "",
        };
    });
    refuseSharedAddresses(peers, subject, fault);
    refuseOverlaps(peers, subject, fault);
    refuseWithoutRoom(peers, tunnel.subnet, subject, fault);
    const privateKey = checked(() => privateKeyOf(file, subject), fault);
    refuseOwnKey(privateKey, peers, subject, fault);
    if (privateKey !== undefined && live !== undefined && publicKeyOf(privateKey) !== live.publicKey)
        fault({
            path: subject,
            problem: `holds another private key than ${device} has (public key ${live.publicKey})`,
            fix: `give the file that ${device} was brought up with`,
        });
    const keyFile = privateKey === undefined ? keyFileIn(file, { device, path, read: beside.read }) : path;
    if (keyFile === undefined && faults.length === 0) {
        fault({
            path: subject,
            problem: "holds no PrivateKey, and no PostUp names a file with one",
            fix: "add the line that `wg show " + device + " private-key` gives",
        });
    }
    const listenPort = live?.listenPort ?? checked(() => listenPortOf(file, subject, device), fault);
    if (faults.length > 0) refuse(subject, faults);
    if (mtu === undefined) left.push(unknownMtu(device));
    const endpoint = beside.endpoint ?? endpointIn(file);
    return {
        presharedKeys,
        relay: {
            interface: device,
            privateKeyFile: keyFile ?? path,
            ...(privateKey === undefined ? {} : { publicKey: publicKeyOf(privateKey) }),
            listenPort: listenPort ?? 51820,
            subnet: tunnel.subnet,
            ...(tunnel.subnet6 === undefined ? {} : { subnet6: tunnel.subnet6 }),
            ...(mtu === undefined ? {} : { mtu }),
            ...(endpoint === undefined ? {} : { endpoint }),
            peers,
            ...(limitsForwarding(file, beside.read) ? { limited: true } : {}),
            ...(live === undefined ? {} : { forwards: live.forwards }),
            services: [],
            // They quote the file, and whoever wrote that may have put escape sequences into it.
            left: [...tunnel.left, ...left].map(sanitizeText),
        },
    };
}

/** A peer's own file has one peer, with an endpoint, who is sent whole networks. */
function refuseClient(file: QuickFile, subject: string): void {
    const [only, ...others] = file.peers;
    const all = listOf(only?.settings ?? new Map<string, string[]>(), "allowedips").some((text) => text.endsWith("/0"));
    if (others.length > 0 || only === undefined || lastOf(only.settings, "endpoint") === undefined) return;
    if (!all && lastOf(file.settings, "listenport") !== undefined) return;
    throw new InvalidArgument(
        subject,
        "is a peer's configuration, not a relay's",
        "give the file of the machine that the peers connect to",
    );
}

/** The file's peers, and where the interface can be looked at, those that are on it, as they are there. */
function entriesOf(
    file: QuickFile,
    publicKeys: string[],
    beside: Beside,
    left: string[],
    fault: (fault: Fault) => void,
): Entry[] {
    const { subject, path, interface: device, live, read } = beside;
    const strangers = besideFile(publicKeys, live);
    const names = namePeers([
        ...file.peers.map(({ above, comments }, index) => ({ above, comments, publicKey: publicKeys[index] ?? "" })),
        ...strangers.map((publicKey) => ({ publicKey, comments: [] })),
    ]);
    const hooked = presharedKeyFiles(file, { device, path, read });
    if (live === undefined && setsUnknownPresharedKey(file, hooked, { device, path, read }))
        fault({
            path: subject,
            problem: "a hook sets a preshared key, and which peer it is for cannot be read from it",
            fix: "add the line `PresharedKey = …` to the [Peer] and take the hook out of the copy that is imported",
        });
    const entries = file.peers.map((peer, index): Entry => {
        const [name = "", publicKey = ""] = [names[index], publicKeys[index]];
        left.push(...oneWay(name, peer, savesConfig(file)));
        const own = `${subject}, ${name}`;
        const loaded = (): string | undefined =>
            live === undefined ? loadedBy(hooked.get(publicKey), own, beside) : undefined;
        const inFile = checked(() => presharedOf(peer, own) ?? loaded(), fault);
        return { name, publicKey, written: writtenBeside(peer), allowed: listOf(peer.settings, "allowedips"), inFile };
    });
    if (live === undefined) return entries;
    const unlisted = strangers.map((publicKey, index) => ({
        name: names[file.peers.length + index] ?? "",
        publicKey,
        allowed: [],
    }));
    const now = asOnWire([...entries, ...unlisted], live, { device, inFile: entries.length });
    left.push(...now.left);
    return now.entries;
}

function keysOf(peers: QuickPeer[], subject: string, fault: (fault: Fault) => void): string[] {
    const lines = new Map<string, number>();
    return peers.map(({ line, settings }) => {
        const path = `${subject}, [Peer] in line ${line}`;
        const key = checked(() => parsePublicKey(lastOf(settings, "publickey") ?? "", path), fault) ?? "";
        const other = lines.get(key);
        if (key !== "" && other !== undefined)
            fault({ path, problem: `has the public key of the [Peer] in line ${other}`, fix: "make one of the two" });
        lines.set(key, line);
        return key;
    });
}

/** WireGuard ignores a peer that has the interface's own key. */
function refuseOwnKey(
    privateKey: string | undefined,
    peers: AdoptedPeer[],
    subject: string,
    fault: (fault: Fault) => void,
): void {
    const own = privateKey === undefined ? undefined : publicKeyOf(privateKey);
    for (const { name, publicKey } of peers) {
        if (publicKey === own)
            fault({ path: `${subject}, ${name}`, problem: "has the relay's own public key", fix: "take it out" });
    }
}

/** WireGuard gives an address to whoever is listed last, silently. */
function refuseSharedAddresses(peers: AdoptedPeer[], subject: string, fault: (fault: Fault) => void): void {
    const owners = new Map<string, string>();
    for (const { name, address, routes } of peers) {
        for (const owned of [...(address === undefined ? [] : [address]), ...routes]) {
            const other = owners.get(owned);
            if (other !== undefined)
                fault({
                    path: `${subject}, ${name}`,
                    problem: `has ${owned}, which ${other} has as well`,
                    fix: "leave it to the one that uses it: `wg show` says whom WireGuard gave it",
                });
            owners.set(owned, name);
        }
    }
}

/** The preshared key that a hook loads: what a program without it would cut at the next handshake. */
function loadedBy(hook: HookedKey | undefined, path: string, { read }: Beside): string | undefined {
    if (hook === undefined) return undefined;
    const text = hook.key ?? (hook.file === undefined ? undefined : read?.(hook.file));
    if (text === undefined) {
        throw new InvalidArgument(
            path,
            `gets its preshared key from a hook (${hook.hook}), ${hook.file === undefined ? "which names no file" : `from ${hook.file}, which cannot be read here`}`,
            "add the line `PresharedKey = …` to its [Peer], with the key that `wg show INTERFACE preshared-keys` prints on the relay",
        );
    }
    return parsePresharedKey(text.trim(), `${path}: ${hook.file ?? hook.hook}`);
}

function savesConfig({ settings }: QuickFile): boolean {
    return /^true$/i.test(lastOf(settings, "saveconfig") ?? "");
}

/** `# ENDPOINT vpn.example.org`, as an installer notes where clients reach the relay; a bad one is ignored, because it is only a comment. */
function endpointIn({ comments }: QuickFile): string | undefined {
    for (const comment of comments) {
        const noted = /^ENDPOINT\s+(\S+)$/.exec(comment)?.[1];
        const endpoint =
            noted === undefined
                ? undefined
                : checked(
                      () => canonicalEndpoint(noted, ""),
                      () => undefined,
                  );
        if (endpoint !== undefined) return endpoint;
    }
    return undefined;
}

function unknownMtu(device: string): string {
    return `MTU is not in the file, and wg-quick takes it from the route: a Relay sets 1420; if \`ip link show ${device}\` on the relay says otherwise, give that as \`mtu\``;
}

/** The relay waits for its peers. In a file that saves itself an endpoint is not a setting: it says where the peer was last. */
function oneWay(name: string, { settings }: QuickPeer, saved: boolean): string[] {
    const endpoint = saved ? undefined : lastOf(settings, "endpoint");
    const keepalive = lastOf(settings, "persistentkeepalive");
    return [
        ...(endpoint === undefined
            ? []
            : [
                  `${name} had Endpoint = ${endpoint}: a relay waits for its peers; let ${name} connect to the relay, with PersistentKeepalive = 25`,
              ]),
        ...(keepalive === undefined || /^(?:0|off)$/i.test(keepalive)
            ? []
            : [
                  `${name} had PersistentKeepalive = ${keepalive} on the relay: switched off there; it belongs into ${name}'s own file`,
              ]),
    ];
}

function checked<T>(check: () => T, fault: (fault: Fault) => void): T | undefined {
    try {
        return check();
    } catch (error) {
        if (!(error instanceof TunnelError)) throw error;
        fault({ path: error.subject, problem: error.problem, fix: error.fix });
        return undefined;
    }
}
