import type { WireGuardOutputs } from "./outputs.js";
import type { WireGuardChange } from "./change.js";
import { fingerprint } from "../../../core/keys/index.js";
import type { Drift } from "../../../core/drift.js";
import { REPAIR } from "../../../core/repair.js";
import { moving } from "../../../core/protocol/moving.js";
import { rekeyed } from "../../../core/protocol/rekeyed.js";
import { linesOf } from "../../../core/protocol/table.js";
import type { PartAnswers } from "../../../core/protocol/steps.js";
import { peerChanges } from "./peerChanges.js";
import { recordedKeys } from "./history.js";
import type { ExpectedPeer } from "./desired.js";

/** New and old public key of each peer whose key this change replaces: the relay keeps the old one beside it for a while. */
export function renderRekeyed(change: WireGuardChange): string {
    return rekeyed.render(
        peerChanges(change).flatMap(({ kind, publicKey, oldPublicKey: former }) =>
            kind !== "rekey" || publicKey === former || publicKey === undefined || former === undefined
                ? []
                : [{ publicKey, former }],
        ),
    );
}

/** Old public key by the new one, of peers who have not used the new one yet. */
export function overlaps(answer: PartAnswers<"wireguard">): Map<string, string> {
    return new Map(moving.parse(answer.moving).map(({ publicKey, former }) => [publicKey, former]));
}

/**
 * What a relay answered, with only those former keys that the state or the log knows: what another program wrote into the
 * relay's record of replaced keys does not hide a peer.
 */
export function withKnownFormers<A extends Pick<PartAnswers<"wireguard">, "moving">>(
    answer: A,
    known: ReadonlySet<string>,
): A {
    if (answer.moving === undefined) return answer;
    const isKnown = (line: string): boolean => moving.parse(line).some(({ former }) => known.has(former));
    const pairs = linesOf(answer.moving).filter(isKnown);
    return { ...answer, moving: pairs.map((line) => `${line}\n`).join("") };
}

/** Former keys on a relay that are neither in the state nor in the log. */
export function unknownFormers(answer: PartAnswers<"wireguard">, known: ReadonlySet<string>): Drift[] {
    return [...new Set(overlaps(answer).values())]
        .filter((key) => !known.has(key))
        .map(fingerprintOf)
        .map((name) => ({
            kind: "former key",
            name,
            sentence: `the relay's record of replaced keys has ${name} as a peer's former key, which is neither in the state nor in the log; ${REPAIR} removes it`,
        }));
}

function fingerprintOf(key: string): string {
    return KEY.test(key) ? fingerprint(key) : "(not a key)";
}

const KEY = /^[A-Za-z0-9+/]{43}=$/;

/** Former keys that may still work, as the registry in the state has them. */
export function formersIn(outputs: WireGuardOutputs): Set<string> {
    const registry = Object.values(outputs.registry ?? {});
    return new Set(registry.flatMap(({ replaces }) => (replaces === undefined ? [] : [replaces])));
}

/** Former keys that may still work after a change: those of before, and those that it replaces. Without a state the log tells. */
export async function formersAfter(change: WireGuardChange): Promise<Set<string>> {
    const { before, inputs } = change;
    const replaced = peerChanges(change).flatMap(({ oldPublicKey }) =>
        oldPublicKey === undefined ? [] : [oldPublicKey],
    );
    const known = before === undefined ? await recordedKeys(inputs) : formersIn(before.outputs);
    return new Set([...known, ...replaced]);
}

/** Who is to be on an interface while keys are replaced: the old key keeps the addresses until the new one is used. */
export function expectedPeers(peers: ExpectedPeer[], answer: PartAnswers<"wireguard">): ExpectedPeer[] {
    const formers = overlaps(answer);
    return peers.flatMap((peer): ExpectedPeer[] => {
        const oldPublicKey = formers.get(peer.publicKey);
        if (oldPublicKey === undefined) return [peer];
        const { presharedKey: _hers, ...former } = peer;
        return [
            { ...peer, allowedIps: [] },
            { ...former, name: `${peer.name} (former key)`, publicKey: oldPublicKey },
        ];
    });
}
