import type { WireGuardOutputs } from "./outputs.js";
import type { Drift } from "../../../core/drift.js";
import { REPAIR } from "../../../core/repair.js";
import { interfaces } from "../../../core/protocol/interfaces.js";
import { keptPeers, type PeerRow, rowOf } from "../../../core/protocol/peers.js";
import { network } from "../../../core/protocol/network.js";
import { sysctls } from "../../../core/protocol/sysctls.js";
import { linesOf } from "../../../core/protocol/table.js";
import type { Answers, Observing } from "../../../core/protocol/steps.js";
import { dumpOf } from "./drift.js";
import { type ExpectedPeer, renderNetwork } from "./desired.js";
import type { WireGuardInputs } from "./inputs.js";
import { listNames } from "../sentences.js";

/** The relay's public key of each epoch, as it was read back at the last apply. */
export function publicKeysIn(outputs: WireGuardOutputs): Record<string, string> {
    const epochs = Object.entries(outputs.epochs ?? {});
    return Object.fromEntries(
        epochs.flatMap(([epoch, { publicKey }]) => (typeof publicKey === "string" ? [[epoch, publicKey]] : [])),
    );
}

/**
 * Where the relay's record, which its interfaces are filled from after a reboot, is not what an apply would write. Preshared keys are
 * not in the answer: the relay says whether the wire has the recorded one.
 */
export function recordDrift(args: WireGuardInputs, peers: ExpectedPeer[], answer: Answers<Observing>): Drift[] {
    // Whose preshared key on the wire is known to be wrong is named already.
    const onWire = interfaces
        .parse(answer.interfaces)
        .flatMap(({ interface: device }) => dumpOf(answer, device)?.peers ?? []);
    const secrets = new Map(peers.map(({ publicKey, presharedKey }) => [publicKey, presharedKey]));
    const named = new Set(
        onWire
            .filter(({ publicKey, presharedKey }) => {
                const wanted = secrets.get(publicKey);
                return wanted !== undefined && wanted !== presharedKey;
            })
            .map(({ publicKey }) => publicKey),
    );
    const drift: Drift[] = [];
    if (answer["kept.peers"] === undefined) {
        // A program of before this was told says nothing of its record.
        if (answer.files !== undefined && answer.interfaces !== undefined)
            drift.push({
                kind: "record of peers",
                sentence: `the relay's record of its peers is missing; ${REPAIR} writes it again`,
            });
        return drift;
    }
    const wanted = new Map(peers.map((peer) => [peer.publicKey, recorded(peer)]));
    const kept = new Map(keptPeers.parse(answer["kept.peers"]).map((row) => [row.publicKey, row]));
    const names = new Map([...kept, ...wanted].map(([key, { name }]) => [key, name]));
    const different = [...names.keys()].filter((key) => differs(wanted.get(key), kept.get(key)));
    const secret = [...kept]
        .filter(([key, { presharedKey }]) => !presharedKey && wanted.has(key) && !named.has(key))
        .map(([key]) => key);
    const say = (keys: string[]): string =>
        listNames([...new Set(keys.map((key) => names.get(key) ?? key))].sort(), 10);
    if (different.length > 0)
        drift.push({
            kind: "record of peers",
            sentence: `the relay's record of its peers, which is loaded after a reboot, differs for ${say(different)}; ${REPAIR} restores it`,
        });
    if (secret.length > 0)
        drift.push({
            kind: "record of preshared keys",
            sentence: `the preshared key on the interface is not the recorded one for ${say(secret)}; ${REPAIR} restores it`,
        });
    const recordedNetwork = answer["kept.network"];
    if (recordedNetwork === undefined || !sameLines(recordedNetwork, wantedRecord(recordedNetwork, args)))
        drift.push({
            kind: "record of the network",
            sentence: `the relay's record of its addresses, MTU and routes, which is loaded after a reboot, ${recordedNetwork === undefined ? "is gone" : "differs"}; ${REPAIR} restores it`,
        });
    return drift;
}

/** Settings of the machine's kernel that the relay needs and keeps a record of, and what belongs to a key rotation. */
export function kernelDrift(answer: Answers<Observing>): Drift[] {
    const settings = sysctls
        .parse(answer.sysctls)
        .filter(({ ours, now }) => ours !== now)
        .map(({ path, ours, now }): Drift => ({
            kind: "sysctl",
            name: path,
            sentence: `${path} is ${now} instead of ${ours}; ${REPAIR} restores it`,
        }));
    const rotation = linesOf(answer.rotation).map((problem): Drift => ({
        kind: "rotation",
        name: problem,
        sentence: `${problem}: peers on the relay's newer key cannot be reached; ${REPAIR} restores it`,
    }));
    return [...settings, ...rotation];
}

/** A peer as the relay is to have it in its record, but for the preshared key. */
type Recorded = Omit<PeerRow, "presharedKey">;

function recorded({ presharedKey: _secret, ...peer }: ExpectedPeer): Recorded {
    return rowOf({ ...peer, name: peer.name.replace(/ \(former key\)$/, ""), presharedKey: "" });
}

/** But for the preshared key; allowed IPs in any order. */
function differs(wanted: Recorded | undefined, kept: Recorded | undefined): boolean {
    if (wanted === undefined || kept === undefined) return true;
    const plain = ({ publicKey, allowedIps, keepalive, endpoint, expires, name }: Recorded): string =>
        [publicKey, [...allowedIps].sort().join(","), keepalive, endpoint ?? "", expires ?? "", name].join("\t");
    return plain(wanted) !== plain(kept);
}

/** The network file as an apply writes it; a relay of 0.2.0 or before has no link group until its next change. */
function wantedRecord(kept: string, args: WireGuardInputs): string {
    const wanted = renderNetwork(args);
    if (network.parse(kept).one("group") !== undefined) return wanted;
    return `${linesOf(wanted)
        .filter((line) => !line.startsWith("group "))
        .join("\n")}\n`;
}

function sameLines(a: string, b: string): boolean {
    return linesOf(a).sort().join("\n") === linesOf(b).sort().join("\n");
}
