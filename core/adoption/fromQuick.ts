import { publicKeyOf } from "../keys/index.js";
import { checked, refuse } from "../arguments/faults.js";
import type { Fault } from "../fault.js";
import { canonicalEndpoint } from "../arguments/text.js";
import { sanitizeText } from "../audit/sanitize.js";
import { InvalidArgument } from "../errors.js";
import type { Surroundings } from "./surroundings.js";
import { keyFileIn, leftOut, limitsForwarding } from "./hooks.js";
import type { AdoptedPeer, Adoption } from "./model.js";
import { refuseOverlaps, refuseWithoutRoom, tunnelOf } from "./networks.js";
import { entriesOf, keysOf, peersOf, refuseSharedAddresses } from "./quickPeers.js";
import { listenPortOf, mtuOf, privateKeyOf } from "./settings.js";
import { lastOf, listOf, parseQuickFile, type QuickFile } from "./wgQuick.js";

/**
 * A relay from its wg-quick file.
 *
 * @throws InvalidArgument naming every fault; never a key
 */
export function fromQuickFile(text: string, surroundings: Surroundings): Adoption {
    const { subject, interface: device, live } = surroundings;
    const file = parseQuickFile(text, subject);
    if (file.peers.length === 0) throw new InvalidArgument(subject, "has no [Peer]", "write the program by hand");
    const mtu = live?.mtu ?? mtuOf(file) ?? surroundings.mtu;
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
    const entries = entriesOf(file, publicKeys, surroundings, left, fault);
    const { peers, presharedKeys } = peersOf(entries, tunnel, left, fault);
    refuseSharedAddresses(peers, subject, fault);
    refuseOverlaps(peers, subject, fault);
    refuseWithoutRoom(peers, tunnel.subnet, subject, fault);
    const own = ownKeyOf(file, peers, surroundings, faults);
    const listenPort = live?.listenPort ?? checked(() => listenPortOf(file, subject, device), fault);
    if (faults.length > 0) refuse(subject, faults);
    if (mtu === undefined) left.push(unknownMtu(device));
    const endpoint = surroundings.endpoint ?? endpointIn(file);
    return {
        presharedKeys,
        relay: {
            interface: device,
            ...own,
            listenPort: listenPort ?? 51820,
            subnet: tunnel.subnet,
            ...(tunnel.subnet6 === undefined ? {} : { subnet6: tunnel.subnet6 }),
            ...(mtu === undefined ? {} : { mtu }),
            ...(endpoint === undefined ? {} : { endpoint }),
            peers,
            ...(limitsForwarding(file, surroundings.read) ? { limited: true } : {}),
            ...(live === undefined ? {} : { forwards: live.forwards }),
            services: [],
            // They quote the file, which may contain escape sequences.
            left: [...tunnel.left, ...left].map(sanitizeText),
        },
    };
}

/** Where the relay's own private key is, and its public half if the file holds it. */
function ownKeyOf(
    file: QuickFile,
    peers: AdoptedPeer[],
    { subject, path, interface: device, live, read }: Surroundings,
    faults: Fault[],
): { privateKeyFile: string; publicKey?: string } {
    const fault = (one: Fault): void => void faults.push(one);
    const privateKey = checked(() => privateKeyOf(file, subject), fault);
    const publicKey = privateKey === undefined ? undefined : publicKeyOf(privateKey);
    refuseOwnKey(publicKey, peers, subject, fault);
    if (publicKey !== undefined && live !== undefined && publicKey !== live.publicKey)
        fault({
            path: subject,
            problem: `has a different private key than ${device} (public key ${live.publicKey})`,
            fix: `give the file that ${device} was brought up with`,
        });
    if (publicKey !== undefined) return { privateKeyFile: path, publicKey };
    const keyFile = keyFileIn(file, { device, path, read });
    if (keyFile === undefined && faults.length === 0) {
        fault({
            path: subject,
            problem: "has no PrivateKey, and no PostUp refers to a file with one",
            fix: "add the line that `wg show " + device + " private-key` gives",
        });
    }
    return { privateKeyFile: keyFile ?? path };
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

/** WireGuard ignores a peer that has the interface's own key. */
function refuseOwnKey(
    own: string | undefined,
    peers: AdoptedPeer[],
    subject: string,
    fault: (fault: Fault) => void,
): void {
    for (const { name, publicKey } of peers) {
        if (publicKey === own)
            fault({ path: `${subject}, ${name}`, problem: "has the relay's own public key", fix: "take it out" });
    }
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
    return `MTU is not in the file, and wg-quick takes it from the route: a Relay sets 1420; if \`ip link show ${device}\` on the relay shows another value, set it as \`mtu\``;
}
