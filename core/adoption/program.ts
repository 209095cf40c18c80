import { stringify } from "yaml";

import type { PackageManager } from "../packageManager.js";
import type { AdoptedPeer, AdoptedRelay } from "./model.js";

export interface ProgramOptions {
    /** Of the relay and the project. */
    name: string;
    /** What the program was made from, for a comment. */
    source: string;
    host: ProgramHost;
    /** `open` reproduces what a relay without a firewall let through; `none` leaves it to the person. */
    grants: "open" | "none";
    /** Of this package and what it is used with. */
    versions: Record<string, string>;
    packageManager: PackageManager;
}

/** Where the relay is. */
export type ProgramHost =
    | { kind: "local"; namespace?: string }
    | { kind: "ssh"; address: string; user: string; port: number; hostKey?: string };

/** Checks the types of a program whose tsconfig.json has `noCheck`. */
export const TYPES_SCRIPT = "tsc --noEmit --noCheck false";

/** Above this many, peers are data in a file of their own. */
const INLINE = 5;

/** Files of a Pulumi project whose first `up` takes the relay over as it is, by name. No secret is in them. */
export function renderProject(relay: AdoptedRelay, options: ProgramOptions): Record<string, string> {
    const inFile = relay.peers.length > INLINE;
    const { name } = options.packageManager;
    // npm is what Pulumi takes where nothing is said.
    const packageManager = name === "npm" ? "" : `    packagemanager: ${name}\n`;
    return {
        "Pulumi.yaml": `name: ${options.name}\ndescription: ${JSON.stringify(`A WireGuard relay, adopted from ${options.source}.`)}\nruntime:\n  name: nodejs\n  options:\n    typescript: true\n${packageManager}main: index.ts\n`,
        "package.json": `${JSON.stringify({ name: options.name, private: true, scripts: { types: TYPES_SCRIPT }, dependencies: dependencies(options, inFile) }, undefined, 4)}\n`,
        "tsconfig.json": `${JSON.stringify({ compilerOptions: { strict: true, target: "es2022", module: "commonjs", moduleResolution: "node", skipLibCheck: true, noCheck: true } }, undefined, 4)}\n`,
        ".gitignore": "node_modules/\npreshared-keys.json\nimport.json\n*.key\n",
        ...(inFile ? { "peers.yaml": renderPeers(relay.peers) } : {}),
        "index.ts": renderProgram(relay, options, inFile),
    };
}

function dependencies({ versions }: ProgramOptions, yaml: boolean): Record<string, string> {
    return Object.fromEntries(Object.entries(versions).filter(([name]) => name !== "yaml" || yaml));
}

function renderPeers(peers: AdoptedPeer[]): string {
    const head = [
        "# The peers, with their existing addresses and keys: a peer that is changed here needs a new configuration.",
        "# `presharedKey: config` is in the stack's configuration. A peer that is added later needs neither address nor presharedKey.",
    ];
    const one = (peer: AdoptedPeer): string =>
        `${peer.written === undefined ? "" : `# ${peer.written}\n`}${stringify([peerData(peer)], { lineWidth: 0 })}`;
    return `${head.join("\n")}\n\n${peers.map(one).join("")}`;
}

function peerData({ name, publicKey, address, routes, preshared }: AdoptedPeer): Record<string, unknown> {
    return {
        name,
        publicKey,
        ...(address === undefined ? {} : { address }),
        ...(routes.length === 0 ? {} : { routes }),
        presharedKey: preshared ? "config" : "none",
    };
}

function renderProgram(relay: AdoptedRelay, options: ProgramOptions, inFile: boolean): string {
    const preshared = relay.peers.some((peer) => peer.preshared);
    const config = preshared || (options.host.kind === "ssh" && options.host.hostKey === undefined);
    const services = relay.services.length > 0;
    const open = options.grants === "open";
    const types = [...(open ? ["type Grant"] : []), "type PeerSpec"];
    const imports = ["AuditSink", ...(services ? ["ExposedService"] : []), "Relay", "hosts", ...types];
    const sections = [
        [
            ...(inFile ? ['import { readFileSync } from "node:fs";', 'import { join } from "node:path";', ""] : []),
            ...(config ? ['import * as pulumi from "@pulumi/pulumi";'] : []),
            `import { ${imports.join(", ")} } from "pulumi-qp-tunnel";`,
            ...(inFile ? ['import { parse } from "yaml";'] : []),
        ],
        [
            `// Made by qp-tunnel import from ${options.source}. The first \`pulumi up\` adopts the interface as it is:`,
            "// no key, address or session changes.",
        ],
        ...(config ? [["const config = new pulumi.Config();"]] : []),
        peersSection(relay, inFile, preshared),
        ...(services ? [servicesSection(relay)] : []),
        ...(open ? [grantsSection()] : []),
        relaySection(relay, options, services),
        [
            "export const endpoint = relay.endpoint;",
            "export const addresses = relay.addresses;",
            ...(services
                ? [
                      "export const services = relay.serviceRegistry;",
                      "export const caCertificate = relay.caCertificate;",
                  ]
                : []),
            "export const auditHead = relay.checkpoint;",
        ],
    ];
    return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function peersSection({ peers }: AdoptedRelay, inFile: boolean, preshared: boolean): string[] {
    const data = inFile
        ? 'parse(readFileSync(join(__dirname, "peers.yaml"), "utf8")) as PeerSpec[]'
        : `[\n${peers.map(inlinePeer).join("")}]`;
    if (!preshared) return [`const peers: PeerSpec[] = ${data};`];
    return [
        "// The peers' existing preshared keys, by name: pulumi config set --secret presharedKeys < preshared-keys.json",
        'const presharedKeys = config.requireSecretObject<Record<string, string>>("presharedKeys");',
        "const presharedKeyOf = (name: string) =>",
        "    presharedKeys.apply((keys) => {",
        "        const key = keys[name];",
        "        if (key === undefined) throw new Error(`the configuration presharedKeys has no key of ${name}`);",
        "        return key;",
        "    });",
        "",
        inFile ? `const listed = ${data};` : `const listed: PeerSpec[] = ${data};`,
        "const peers = listed.map((peer) =>",
        '    peer.presharedKey === "config" ? { ...peer, presharedKey: presharedKeyOf(peer.name) } : peer,',
        ");",
    ];
}

function inlinePeer(peer: AdoptedPeer): string {
    return `${peer.written === undefined ? "" : `    // ${peer.written}\n`}    ${literal(peerData(peer))},\n`;
}

function servicesSection({ services }: AdoptedRelay): string[] {
    return [
        "// NARROW THIS: every peer can open each service, as before.",
        "const services = [",
        ...services.map(
            ({ name, port, upstream }) =>
                `    new ExposedService(${JSON.stringify(name)}, ${literal({ upstream, port, allow: "everyone", keyExchange: "prefer" })}),`,
        ),
        "];",
    ];
}

function grantsSection(): string[] {
    return [
        "// NARROW THIS: all peers reach each other on every port, as before. A narrow grant looks like",
        '// { from: ["alice"], to: "nas", ports: ["tcp/22"] }; a preview says what each step of narrowing takes away.',
        "// Sources are the peers and the hosts in the networks behind them.",
        'const sources: Grant["from"] = peers.flatMap(({ name, routes = [] }) => [',
        "    name,",
        "    ...routes.map((network) => ({ peer: name, network })),",
        "]);",
        "const asOpenAsBefore: Grant[] = peers.flatMap(({ name, routes = [] }) => [",
        '    { from: sources, to: name, ports: ["all"] },',
        '    ...routes.map((network): Grant => ({ from: sources, to: { peer: name, network }, ports: ["all"] })),',
        "]);",
    ];
}

function relaySection(relay: AdoptedRelay, { name, host, grants }: ProgramOptions, services: boolean): string[] {
    const { subnet6, mtu, endpoint } = relay;
    return [
        `const relay = new Relay(${JSON.stringify(name)}, {`,
        `    host: ${renderHost(host)},`,
        '    audit: new AuditSink("audit"),',
        "    // Read by the first up only; the key is a secret in the state from then on, so remove this line afterwards.",
        `    privateKey: ${JSON.stringify(`file:${relay.privateKeyFile}`)},`,
        `    interface: ${JSON.stringify(relay.interface)},`,
        `    listenPort: ${relay.listenPort},`,
        `    subnet: ${JSON.stringify(relay.subnet)},`,
        ...(subnet6 === undefined ? [] : [`    subnet6: ${JSON.stringify(subnet6)},`]),
        ...(mtu === undefined ? [] : [`    mtu: ${mtu},`]),
        ...(endpoint === undefined ? [] : [`    endpoint: ${JSON.stringify(endpoint)},`]),
        "    peers,",
        ...(services ? ["    services,"] : []),
        ...(grants === "open"
            ? ["    grants: asOpenAsBefore,"]
            : ["    grants: [], // no access yet: add the required grants"]),
        "});",
    ];
}

function renderHost(host: ProgramHost): string {
    if (host.kind === "local")
        return `hosts.local(${host.namespace === undefined ? "" : literal({ namespace: host.namespace })})`;
    const { address, user, port, hostKey } = host;
    const fields = [
        `address: ${JSON.stringify(address)}`,
        ...(user === "root" ? [] : [`user: ${JSON.stringify(user)}`]),
        ...(port === 22 ? [] : [`port: ${port}`]),
        `hostKey: ${hostKey === undefined ? 'config.require("hostKey")' : JSON.stringify(hostKey)}`,
    ];
    return `hosts.ssh({ ${fields.join(", ")} })`;
}

/** `{ name: "alice", routes: ["192.168.7.0/24"] }`, keys bare where they can be. */
function literal(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    return `{ ${Object.entries(value)
        .map(([key, inner]) => `${key}: ${literal(inner)}`)
        .join(", ")} }`;
}
