// The program of a `Stack` as programs/relay.js, in the words of an SDK that `pulumi package gen-sdk` makes: the plugin declares the relay.
const pulumi = require("@pulumi/pulumi");

const { audit, peers, services, grants, ...rest } = revived(require("./program.json"));
const {
    namespace,
    ssh,
    script,
    digitalOcean,
    host,
    relayName = "relay",
    aliases,
    retainOnDelete,
    second,
    ...args
} = rest;

const OUTPUTS = [
    "endpoint",
    "publicKey",
    "addresses",
    "registry",
    "serviceRegistry",
    "caCertificate",
    "checkpoint",
    "configs",
    "urls",
    "addressUrls",
];

class Relay extends pulumi.ComponentResource {
    constructor(name, inputs, options) {
        const asked = Object.fromEntries(OUTPUTS.map((output) => [output, undefined]));
        super("qptunnel:index:Relay", name, { ...asked, ...inputs }, options, true);
    }
}

// A host as programs/relay.js has it.
const listed = peers.map((peer) => (peer.host === undefined ? peer : { ...peer, host: hostOf(peer.host) }));

const relay = new Relay(
    relayName,
    { ...args, host: host ?? hostOf({ namespace, ssh, script, digitalOcean }), audit, peers: listed, services, grants },
    { ...(aliases && { aliases }), ...(retainOnDelete === undefined ? {} : { retainOnDelete }) },
);

// Another one in the same program, with arguments of its own.
if (second !== undefined) {
    const { relayName: name, ...own } = second;
    new Relay(name, { ...args, host: hostOf({ namespace }), audit, peers: listed, services, grants, ...own });
}

module.exports = Object.fromEntries(OUTPUTS.map((output) => [output, relay[output]]));

function hostOf({ namespace, ssh, script, digitalOcean }) {
    if (script !== undefined) return { kind: "script", ...script };
    if (digitalOcean !== undefined) return { kind: "digitalOcean", ...digitalOcean };
    if (ssh !== undefined) return { kind: "ssh", ...ssh };
    return { kind: "local", ...(namespace === undefined ? {} : { namespace }) };
}

function revived(value) {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(revived);
    if ("output" in value) return pulumi.output(value.output);
    if ("secret" in value) return pulumi.secret(value.secret);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revived(inner)]));
}
