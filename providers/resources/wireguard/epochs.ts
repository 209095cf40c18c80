import { known } from "../shape.js";
import type { EpochOutput, WireGuardOutputs, WireGuardOwnOutputs } from "./outputs.js";
import type { WireGuardInputs, WireGuardPlan } from "./inputs.js";
import type { WireGuardChange } from "./change.js";
import { type EpochPlace, epochPlaces } from "../../../core/keys/epochs.js";
import { publicKeyOf } from "../../../core/keys/index.js";
import { interfaces } from "../../../core/protocol/interfaces.js";
import { moved } from "../../../core/protocol/moved.js";
import type { CommonAnswers } from "../../../core/protocol/steps.js";
import { same } from "../changes.js";
import { keyOf, peersOf } from "./peerChanges.js";
import type { Announcement } from "../relay/announcement.js";
import { type Properties, UNKNOWN } from "../resource.js";
import { count, listNames } from "../sentences.js";

export function placesOf(args: Pick<WireGuardInputs, "epochs" | "listenPort">, device: string): EpochPlace[] {
    return epochPlaces(args.epochs, device, args.listenPort);
}

/** undefined while the key is not known here. */
export function publicKeyOfEpoch(
    { privateKeys }: Pick<WireGuardPlan, "privateKeys">,
    epoch: number,
): string | undefined {
    const key = known(privateKeys)?.[epoch];
    return typeof key === "string" ? publicKeyOf(key) : undefined;
}

/** Public keys of epochs whose private keys the program has, rather than the relay alone. */
export function keysInState(inputs: WireGuardPlan): Record<string, string> {
    if (inputs.identity === "host") return {};
    return Object.fromEntries(
        inputs.epochs.flatMap((epoch) => {
            const publicKey = publicKeyOfEpoch(inputs, epoch);
            return publicKey === undefined ? [] : [[epoch, publicKey]];
        }),
    );
}

/** Interface, port, epoch and public key of each key epoch; the key is left to the relay where it is made there. */
export function renderInterfaces(args: WireGuardInputs, device: string): string {
    return interfaces.render(
        placesOf(args, device).map((place) => ({ ...place, publicKey: publicKeyOfEpoch(args, place.epoch) })),
    );
}

/** A private key for each interface, by file name; none where the relay makes its own. */
export function keyFiles(args: WireGuardInputs, device: string): Record<string, string> {
    if (args.identity === "host") return {};
    return Object.fromEntries(
        placesOf(args, device).map(({ interface: name, epoch }) => [
            `key.${name}`,
            `${args.privateKeys?.[epoch] ?? ""}\n`,
        ]),
    );
}

/** What the relay says of its epochs, and who was last seen on which. */
export function epochOutputs(
    inputs: WireGuardPlan,
    answer: CommonAnswers<"wireguard" | "read">,
): Required<Omit<WireGuardOwnOutputs, "registry">> {
    const live = interfaces.parse(answer.interfaces).map((each) => ({ ...each, publicKey: each.publicKey ?? "" }));
    const newest = live.at(-1);
    return {
        publicKey: newest?.publicKey ?? "",
        epochs: Object.fromEntries(
            live.map(({ epoch, interface: device, port, publicKey }) => [
                epoch,
                { interface: device, port, publicKey } satisfies EpochOutput,
            ]),
        ),
        onEpoch: live.length < 2 ? {} : onEpoch(inputs, live, answer.moved),
    };
}

function onEpoch(
    inputs: WireGuardPlan,
    live: { interface: string; epoch: number }[],
    answer: string | undefined,
): Record<string, number> {
    const epochs = new Map(live.map(({ interface: device, epoch }) => [device, epoch]));
    const at = new Map(moved.parse(answer).map((row) => [row.publicKey, row.interface]));
    return Object.fromEntries(
        Object.keys(peersOf(inputs)).flatMap((name) => {
            const epoch = epochs.get(at.get(keyOf(inputs, name) ?? "") ?? "");
            return epoch === undefined ? [] : [[name, epoch]];
        }),
    );
}

/** Before an apply: keys that are in the state are known, and those that the relay told. */
export function previewEpochs({ inputs, before }: Pick<WireGuardChange, "inputs" | "before">): Properties {
    const readBack = before?.outputs.epochs ?? {};
    const keyAt = (epoch: number): unknown => publicKeyOfEpoch(inputs, epoch) ?? readBack[epoch]?.publicKey ?? UNKNOWN;
    const unchanged = before !== undefined && same(before.inputs.epochs, inputs.epochs);
    return {
        publicKey: keyAt(Math.max(...inputs.epochs)),
        epochs: Object.fromEntries(
            placesOf(inputs, inputs.interface).map(({ epoch, interface: device, port }) => [
                epoch,
                { interface: device, port, publicKey: keyAt(epoch) },
            ]),
        ),
        onEpoch: unchanged ? (before.outputs.onEpoch ?? {}) : UNKNOWN,
    };
}

/** A stage of a rotation of the relay's key: epochs that begin and that end. */
interface Stage {
    added: number[];
    /** Older than what stays. */
    retired: number[];
    /** Newer than what stays: the rotation is called off. */
    calledOff: number[];
}

function stageOf({ before, inputs }: Pick<WireGuardChange, "inputs" | "before">): Stage {
    const now = inputs.epochs;
    const then = before?.inputs.epochs ?? now;
    const gone = then.filter((epoch) => !now.includes(epoch));
    const oldest = Math.min(...now);
    return {
        added: now.filter((epoch) => !then.includes(epoch)),
        retired: gone.filter((epoch) => epoch < oldest),
        calledOff: gone.filter((epoch) => epoch > oldest),
    };
}

/** Who uses one of these epochs as far as the last look knows, or has been seen on none. */
function stillOn(
    change: Pick<WireGuardChange, "inputs" | "before">,
    epochs: number[],
    counting: "unseen" | "seen",
): string[] {
    const seen = change.before?.outputs.onEpoch ?? {};
    return Object.keys(peersOf(change.inputs))
        .sort()
        .filter((name) => (seen[name] === undefined ? counting === "unseen" : epochs.includes(seen[name])));
}

/** Who is cut off when a stage ends an epoch, or keeps it from ending. */
export function concernedByStage(change: WireGuardChange): string[] {
    const { retired, calledOff } = stageOf(change);
    return [
        ...(retired.length === 0 ? [] : stillOn(change, retired, "unseen")),
        ...(calledOff.length === 0 ? [] : stillOn(change, calledOff, "seen")),
    ];
}

/** What a stage requires of which peers, and what happens until then. */
export function epochSentences(change: WireGuardChange, interrupted = false): string[] {
    const { inputs, before } = change;
    if (before === undefined) return [];
    const { added, retired, calledOff } = stageOf(change);
    const sentences: string[] = [];
    for (const { epoch, interface: device, port } of placesOf(inputs, inputs.interface)) {
        if (added.includes(epoch))
            sentences.push(
                `key epoch ${epoch} begins: a new key on ${device}, UDP port ${port}, for the same peers${interrupted ? "" : "; no peer is affected, every configuration in use keeps working"}; hand out the new ones and let peers switch when it suits them`,
            );
    }
    for (const epoch of retired) {
        const left = stillOn(change, [epoch], "unseen");
        const forced = inputs.forceRetire === epoch;
        const who =
            left.length === 0
                ? "every peer was using a newer key at the last check"
                : `${listNames(left, 10)} had not switched at the last check: ${forced ? "cut off at once, until the new configuration is in use" : "the update is refused until every peer has switched"}`;
        sentences.push(
            `retiring key epoch ${epoch} (its interface and port are removed): ${who}${interrupted ? "" : "; peers that have switched are not affected"}`,
        );
    }
    for (const epoch of calledOff) {
        const back = stillOn(change, [epoch], "seen");
        sentences.push(
            `key epoch ${epoch} is cancelled: ${back.length === 0 ? "no peer was using it at the last check" : `${listNames(back, 10)} ${back.length === 1 ? "was" : "were"} using it at the last check and ${back.length === 1 ? "is" : "are"} cut off until the former configuration is in use again`}${interrupted ? "" : "; other peers are not affected"}`,
        );
    }
    return sentences;
}

/** While two epochs are open every preview says who is where; nothing happens by itself. */
export function openRotation(inputs: WireGuardPlan, before: NonNullable<WireGuardChange["before"]>): string[] {
    const [old, next] = inputs.epochs;
    if (old === undefined || next === undefined || !same(before.inputs.epochs, inputs.epochs)) return [];
    const left = stillOn({ inputs, before }, [old], "unseen");
    const all = Object.keys(peersOf(inputs)).length;
    return [
        `key epochs ${old} and ${next} are open: ${all - left.length} of ${count(all, "peer")} ${all - left.length === 1 ? "was" : "were"} using epoch ${next} at the last check${left.length === 0 ? `; keyEpochs [${next}] ends the rotation` : `, not yet ${listNames(left)}; nothing changes until keyEpochs does`}`,
    ];
}

/** What became of the relay's own keys. */
export function epochRecords(change: WireGuardChange, outputs: WireGuardOutputs): Announcement[] {
    const { before, inputs } = change;
    if (before === undefined) return [];
    const { relay } = inputs;
    const { added, retired, calledOff } = stageOf(change);
    const keyAt = (from: WireGuardOutputs, epoch: number): unknown => from.epochs?.[epoch]?.publicKey;
    const old = before.inputs.epochs[0] ?? 1;
    const record = (stage: string, epoch: number, message: string, more: object = {}): Announcement => ({
        action: "key_rotate",
        message,
        details: {
            relay,
            stage,
            epoch,
            old_public_key: keyAt(before.outputs, stage === "call off" ? epoch : old),
            public_key: keyAt(outputs, Math.max(...inputs.epochs)),
            ...more,
        },
    });
    return [
        ...added.map((epoch) =>
            record("add", epoch, `Relay ${relay} has a key of epoch ${epoch} in addition to the current one`),
        ),
        ...retired.map((epoch) => {
            const done = `Retired the key of epoch ${epoch} of relay ${relay}`;
            if (inputs.forceRetire !== epoch) return record("retire", epoch, done);
            const left = stillOn(change, [epoch], "unseen");
            const whom = left.length === 0 ? "" : `: ${listNames(left, 10)} had not switched at the last check`;
            return record("retire", epoch, `${done} by force${whom}`, { forced: true, not_moved: left });
        }),
        ...calledOff.map((epoch) => record("call off", epoch, `Cancelled key epoch ${epoch} of relay ${relay}`)),
    ];
}
