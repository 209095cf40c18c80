// The program of a `Stack`: one relay as program.json says. Any value there may be {"output": value} or {"secret": value}.
const pulumi = require("@pulumi/pulumi");
const { AuditSink, ExposedService, Peer, Provider, Relay, getStatus, hosts } = require("pulumi-qp-tunnel");

const { audit, peers, services, grants, ...rest } = revived(require("./program.json"));
const {
    namespace,
    ssh,
    script,
    digitalOcean,
    askStatus,
    relayName = "relay",
    parentName,
    parentAliases,
    parentRetains,
    aliases,
    ignoreChanges,
    retainOnDelete,
    protect,
    machine,
    changed,
    provider,
    ...relayArgs
} = rest;
// A component of the program's own, with the relay and its peers in it.
const parent =
    parentName &&
    new pulumi.ComponentResource(
        "lab:index:Office",
        parentName,
        {},
        { aliases: parentAliases ?? [], ...(parentRetains && { retainOnDelete: true }) },
    );
const options = {
    ...(parent && { parent }),
    ...(aliases && { aliases }),
    ...(retainOnDelete === undefined ? {} : { retainOnDelete }),
    ...(ignoreChanges && { transformations: [ignoring(ignoreChanges)] }),
    ...(changed && { transforms: [changing(changed)] }),
    ...(protect && { protect }),
    // What stands for the machine, in the state alone.
    ...(machine && {
        deletedWith: new pulumi.CustomResource("qptunnel:index:KeyPair", machine, { owner: machine, epoch: 1 }),
    }),
    ...(provider && { provider: new Provider("explicit", provider) }),
};

// `formerly`: the name that a peer's or a service's resources had.
const isSupplied = (value) => pulumi.Output.isInstance(value);
const own = isSupplied(peers) ? [] : peers.filter((peer) => !isSupplied(peer));
const listed = isSupplied(peers) ? peers : peers.map((peer) => (isSupplied(peer) ? peer : listedPeer(peer)));
const relay = new Relay(
    relayName,
    {
        ...relayArgs,
        host: hostOf({ namespace, ssh, script, digitalOcean }),
        peers: listed,
        services: services.map(
            ({ name, formerly, ...args }) =>
                new ExposedService(name, args, formerly && { aliases: [{ name: formerly }] }),
        ),
        grants,
        audit: new AuditSink("audit", audit),
    },
    options,
);

module.exports = {
    caCertificate: relay.caCertificate,
    endpoint: relay.endpoint,
    serviceRegistry: relay.serviceRegistry,
    registry: relay.registry,
    checkpoint: relay.checkpoint,
    ...(askStatus === undefined ? {} : { status: getStatus(relay, askStatus) }),
    configs: pulumi.secret(Object.fromEntries(own.map(({ name }) => [name, relay.configFor(name)]))),
};

function listedPeer({ name, host, formerly, ...args }) {
    if (args.publicKey !== undefined) return { name, ...args };
    return new Peer(
        name,
        { ...args, ...(host === undefined ? {} : { host: hostOf(host) }) },
        { ...(parent && { parent }), ...(formerly && { aliases: [{ name: formerly }] }) },
    );
}

/** As a program does that means well: for one type of resource, wherever it is made. */
function ignoring({ type: of, properties }) {
    return ({ type, props, opts }) =>
        type === of ? { props, opts: pulumi.mergeOptions(opts, { ignoreChanges: properties }) } : undefined;
}

/** As `transforms` do it. */
function changing({ type: of, inputs }) {
    return ({ type, props, opts }) => (type === of ? { props: { ...props, ...inputs }, opts } : undefined);
}

function hostOf({ namespace, ssh, script, digitalOcean }) {
    if (script !== undefined) return hosts.script(script);
    if (digitalOcean !== undefined) return hosts.digitalOcean(digitalOcean);
    if (ssh !== undefined) return hosts.ssh(ssh);
    return hosts.local(namespace === undefined ? {} : { namespace });
}

/** What supplies values. */
function source(name = "source") {
    const sources = (globalThis.sources ??= {});
    const inputs = { owner: name, epoch: 1, publicKey: undefined };
    return (sources[name] ??= new pulumi.CustomResource("qptunnel:index:KeyPair", name, inputs));
}

function revived(value) {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(revived);
    if ("output" in value) return pulumi.output(value.output);
    if ("secret" in value) return pulumi.secret(value.secret);
    // Of a resource that a first preview has yet to create.
    if ("unknown" in value) return source(value.of).publicKey.apply(() => value.unknown);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revived(inner)]));
}
