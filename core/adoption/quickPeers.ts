/** The peers of a wg-quick file. */
import { checked } from "../arguments/faults.js";
import type { Fault } from "../fault.js";
import { sanitizeText } from "../audit/sanitize.js";
import { InvalidArgument } from "../errors.js";
import { parsePresharedKey, parsePublicKey } from "../keys/index.js";
import type { Surroundings } from "./surroundings.js";
import { type HookedKey, presharedKeyFiles, setsUnknownPresharedKey } from "./hooks.js";
import { asOnWire, missingInFile, type Entry } from "./live.js";
import type { AdoptedPeer } from "./model.js";
import { namePeers, writtenBeside } from "./names.js";
import { membershipOf, type Tunnel } from "./networks.js";
import { presharedOf } from "./settings.js";
import { lastOf, listOf, type QuickFile, type QuickPeer } from "./wgQuick.js";

/** Public keys, in the order of the file; "" for one that cannot be used. */
export function keysOf(peers: QuickPeer[], subject: string, fault: (fault: Fault) => void): string[] {
    const lines = new Map<string, number>();
    return peers.map(({ line, settings }) => {
        const path = `${subject}, [Peer] in line ${line}`;
        const key = checked(() => parsePublicKey(lastOf(settings, "publickey") ?? "", path), fault) ?? "";
        const other = lines.get(key);
        if (key !== "" && other !== undefined)
            fault({ path, problem: `has the same public key as the [Peer] in line ${other}`, fix: "merge the two" });
        lines.set(key, line);
        return key;
    });
}

/** The file's peers, and where the interface can be looked at, those that are on it, as they are there. */
export function entriesOf(
    file: QuickFile,
    publicKeys: string[],
    surroundings: Surroundings,
    left: string[],
    fault: (fault: Fault) => void,
): Entry[] {
    const { subject, path, interface: device, live, read } = surroundings;
    const onlyOnWire = missingInFile(publicKeys, live);
    const names = namePeers([
        ...file.peers.map(({ above, comments }, index) => ({ above, comments, publicKey: publicKeys[index] ?? "" })),
        ...onlyOnWire.map((publicKey) => ({ publicKey, comments: [] })),
    ]);
    const hooked = presharedKeyFiles(file, { device, path, read });
    if (live === undefined && setsUnknownPresharedKey(file, hooked, { device, path, read }))
        fault({
            path: subject,
            problem: "a hook sets a preshared key, but does not show for which peer",
            fix: "add the line `PresharedKey = …` to the [Peer] and remove the hook from the copy that is imported",
        });
    const entries = file.peers.map((peer, index): Entry => {
        const [name = "", publicKey = ""] = [names[index], publicKeys[index]];
        left.push(...oneWay(name, peer, savesConfig(file)));
        const own = `${subject}, ${name}`;
        const loaded = (): string | undefined =>
            live === undefined ? loadedBy(hooked.get(publicKey), own, surroundings) : undefined;
        const inFile = checked(() => presharedOf(peer, own) ?? loaded(), fault);
        return { name, publicKey, written: writtenBeside(peer), allowed: listOf(peer.settings, "allowedips"), inFile };
    });
    if (live === undefined) return entries;
    const unlisted = onlyOnWire.map((publicKey, index) => ({
        name: names[file.peers.length + index] ?? "",
        publicKey,
        allowed: [],
    }));
    const now = asOnWire([...entries, ...unlisted], live, { device, inFile: entries.length });
    left.push(...now.left);
    return now.entries;
}

/** @param left added to: what of the peers is not taken */
export function peersOf(
    entries: Entry[],
    tunnel: Tunnel,
    left: string[],
    fault: (fault: Fault) => void,
): { peers: AdoptedPeer[]; presharedKeys: Record<string, string> } {
    const presharedKeys: Record<string, string> = {};
    const peers = entries.map(({ name, publicKey, written, allowed, inFile, onWire }): AdoptedPeer => {
        const { address, routes, left: notCarried } = membershipOf(name, allowed, tunnel, fault);
        left.push(...notCarried);
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
    return { peers, presharedKeys };
}

/** WireGuard silently gives an address to the peer that is listed last. */
export function refuseSharedAddresses(peers: AdoptedPeer[], subject: string, fault: (fault: Fault) => void): void {
    const owners = new Map<string, string>();
    for (const { name, address, routes } of peers) {
        for (const owned of [...(address === undefined ? [] : [address]), ...routes]) {
            const other = owners.get(owned);
            if (other !== undefined)
                fault({
                    path: `${subject}, ${name}`,
                    problem: `has ${owned}, which ${other} has as well`,
                    fix: "keep it only for the peer that uses it: `wg show` shows which one that is",
                });
            owners.set(owned, name);
        }
    }
}

/** The preshared key that a hook loads: what a program without it would cut at the next handshake. */
function loadedBy(hook: HookedKey | undefined, path: string, { read }: Surroundings): string | undefined {
    if (hook === undefined) return undefined;
    const text = hook.key ?? (hook.file === undefined ? undefined : read?.(hook.file));
    if (text === undefined) {
        throw new InvalidArgument(
            path,
            `gets its preshared key from a hook (${hook.hook}), ${hook.file === undefined ? "which refers to no file" : `from ${hook.file}, which cannot be read here`}`,
            "add the line `PresharedKey = …` to its [Peer], with the key that `wg show INTERFACE preshared-keys` prints on the relay",
        );
    }
    return parsePresharedKey(text.trim(), `${path}: ${hook.file ?? hook.hook}`);
}

/** The relay waits for its peers. In a file that saves itself an endpoint is not a setting: it says where the peer was last. */
function oneWay(name: string, { settings }: QuickPeer, saved: boolean): string[] {
    const endpoint = saved ? undefined : lastOf(settings, "endpoint");
    const keepalive = lastOf(settings, "persistentkeepalive");
    return [
        ...(endpoint === undefined
            ? []
            : [
                  `${name} had Endpoint = ${endpoint}: a relay does not initiate connections; let ${name} connect to the relay, with PersistentKeepalive = 25`,
              ]),
        ...(keepalive === undefined || /^(?:0|off)$/i.test(keepalive)
            ? []
            : [
                  `${name} had PersistentKeepalive = ${keepalive} on the relay: it is switched off there; set it in ${name}'s own file`,
              ]),
    ];
}

function savesConfig({ settings }: QuickFile): boolean {
    return /^true$/i.test(lastOf(settings, "saveconfig") ?? "");
}
