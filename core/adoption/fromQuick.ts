import { InvalidArgument, TunnelError } from "../errors.js";
import { parsePresharedKey, parsePrivateKey, parsePublicKey, publicKeyOf } from "../keys.js";
import { refuse, type Fault } from "../arguments/validate.js";
import { keyFileIn, leftOut } from "./hooks.js";
import type { AdoptedPeer, Adoption } from "./model.js";
import { namePeers } from "./names.js";
import { membershipOf, tunnelOf } from "./networks.js";
import { lastOf, listOf, parseQuickFile, type QuickFile, type QuickPeer } from "./wgQuick.js";

/** What is known beside the file. */
export interface Beside {
    /** What to call the file in an error. */
    subject: string;
    /** Where it is, for `privateKey`. */
    path: string;
    interface: string;
    endpoint?: string | undefined;
}

/**
 * A relay from its wg-quick file.
 *
 * @throws InvalidArgument naming every fault; never a key
 */
export function fromQuickFile(text: string, beside: Beside): Adoption {
    const { subject, path, interface: device, endpoint } = beside;
    const file = parseQuickFile(text, subject);
    if (file.peers.length === 0)
        throw new InvalidArgument(subject, "has no [Peer]", "declare the peers in a program yourself");
    const tunnel = tunnelOf(
        listOf(file.settings, "address"),
        file.peers.map(({ settings }) => listOf(settings, "allowedips")),
        subject,
    );
    refuseClient(file, subject);
    const faults: Fault[] = [];
    const fault = (one: Fault): void => void faults.push(one);
    const left = leftOut(file);
    const publicKeys = keysOf(file.peers, subject, fault);
    if (faults.length > 0) refuse(subject, faults);
    const names = namePeers(
        file.peers.map(({ comments }, index) => ({ comments, publicKey: publicKeys[index] ?? "" })),
    );
    const presharedKeys: Record<string, string> = {};
    const peers = file.peers.map((peer, index): AdoptedPeer => {
        const name = names[index] ?? "";
        const { address, routes, left: hers } = membershipOf(name, listOf(peer.settings, "allowedips"), tunnel, fault);
        left.push(...hers, ...oneWay(name, peer));
        const preshared = checked(() => presharedOf(peer, `${subject}, ${name}`), fault);
        if (preshared !== undefined) presharedKeys[name] = preshared;
        const publicKey = publicKeys[index] ?? "";
        return {
            name,
            publicKey,
            ...(address === undefined ? {} : { address }),
            routes,
            preshared: preshared !== undefined,
        };
    });
    refuseSharedAddresses(peers, subject, fault);
    const privateKey = checked(() => privateKeyOf(file, subject), fault);
    const keyFile = privateKey === undefined ? keyFileIn(file, device) : path;
    if (keyFile === undefined && faults.length === 0) {
        fault({
            path: subject,
            problem: "holds no PrivateKey, and no PostUp names a file with one",
            fix: "add the line that `wg show " + device + " private-key` gives",
        });
    }
    const listenPort = checked(() => listenPortOf(file, subject, device), fault);
    if (faults.length > 0) refuse(subject, faults);
    return {
        presharedKeys,
        relay: {
            interface: device,
            privateKeyFile: keyFile ?? path,
            ...(privateKey === undefined ? {} : { publicKey: publicKeyOf(privateKey) }),
            listenPort: listenPort ?? 51820,
            subnet: tunnel.subnet,
            ...(tunnel.subnet6 === undefined ? {} : { subnet6: tunnel.subnet6 }),
            ...mtuOf(file),
            ...(endpoint === undefined ? {} : { endpoint }),
            peers,
            services: [],
            left: [...tunnel.left, ...left],
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

/** The relay waits for its peers. */
function oneWay(name: string, { settings }: QuickPeer): string[] {
    const endpoint = lastOf(settings, "endpoint");
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

function presharedOf({ settings }: QuickPeer, path: string): string | undefined {
    const key = lastOf(settings, "presharedkey");
    return key === undefined || key === NONE ? undefined : parsePresharedKey(key, `${path}: PresharedKey`);
}

/** What `wg showconf` prints of nobody's key. */
const NONE = `${"A".repeat(43)}=`;

function privateKeyOf({ settings }: QuickFile, subject: string): string | undefined {
    const key = lastOf(settings, "privatekey");
    return key === undefined ? undefined : parsePrivateKey(key, `${subject}: PrivateKey`);
}

function listenPortOf({ settings }: QuickFile, subject: string, device: string): number {
    const text = lastOf(settings, "listenport");
    const port = Number(text);
    if (text === undefined || !/^\d+$/.test(text) || port < 1 || port > 65535) {
        throw new InvalidArgument(
            subject,
            text === undefined ? "names no ListenPort" : `"${text}" is not a port`,
            `add the one that \`wg show ${device} listen-port\` prints: ListenPort = 51820`,
        );
    }
    return port;
}

function mtuOf({ settings }: QuickFile): { mtu?: number } {
    const mtu = Number(lastOf(settings, "mtu"));
    return Number.isInteger(mtu) && mtu >= 576 && mtu <= 9000 ? { mtu } : {};
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
