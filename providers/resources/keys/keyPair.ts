import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

import { privateKeyIn } from "../../../core/adoption/keyFile.js";
import { generateKeyPair, parsePrivateKey, publicKeyOf } from "../../../core/keys/index.js";
import { faultOf, invalid, InvalidArgument } from "../../../core/errors.js";
import type { Fault } from "../../../core/fault.js";
import { inProject } from "../../audit/paths.js";
import { KEPT_INPUT, keptIn, withKept } from "./kept.js";
import {
    type ChangeKind,
    type Context,
    type Produced,
    type Properties,
    type StateResource,
    UNKNOWN,
} from "../resource.js";
import { fields, listOf, number, optional, previewed, read, text } from "../shape.js";

/** As many former keys as are remembered: those of rotations that were interrupted one after the other. */
const MOST_FORMER = 8;

interface Pair {
    publicKey: string;
    /** Empty once it was handed out. */
    privateKey: string;
}

export interface KeyPairOutputs extends Pair {
    owner: string;
    epoch: number;
    /** Public keys that this pair replaced: while one of them is still in use, it is a rotation that goes on and not a lost key. */
    former?: string[];
}

/** A Curve25519 pair of a peer or of one key epoch of a relay. Its private half lives in the state, as a secret. */
export const keyPair: StateResource<KeyPairOutputs> = {
    type: "KeyPair",
    description: "A Curve25519 key pair for WireGuard, generated once per epoch or adopted. Touches no host.",
    schema: {
        inputs: {
            owner: { type: "string", description: "The owner of the keys: a peer's or a relay's name." },
            epoch: { type: "integer", description: "Raise it for a new pair; it starts at 1." },
            privateKey: {
                type: "string",
                description: "An existing private key to adopt instead of generating one: base64 of 32 bytes.",
                secret: true,
                optional: true,
            },
            privateKeyFile: {
                type: "string",
                description:
                    "A file with such a key, alone or in wg-quick format; read once, when the pair is created.",
                optional: true,
            },
            handedOut: {
                type: "boolean",
                description: "The owner has the private key: it is removed from the state, the public key stays.",
                optional: true,
            },
            ...KEPT_INPUT,
        },
        outputs: {
            owner: { type: "string", description: "The owner of the keys." },
            epoch: { type: "integer", description: "The epoch of this pair." },
            publicKey: { type: "string", description: "The public key: base64 of 32 bytes." },
            former: {
                type: { list: "string" },
                description: "Public keys that this one replaced, the newest last.",
                optional: true,
            },
            privateKey: {
                type: "string",
                description: "The private key: base64 of 32 bytes; empty once it was handed out.",
                secret: true,
            },
        },
    },

    async check(news, olds) {
        const failures = [...ownerFailures(news), ...epochFailures(news), ...privateKeyFailures(news)];
        const inputs = withKept(news, olds);
        const before = olds ?? keptIn(inputs);
        return { inputs, failures: [...failures, ...handedOutFailures(news, before)] };
    },

    async diff(_id, oldInputs, oldOutputs, news, { log }) {
        const changes: Record<string, ChangeKind> = {};
        if (news["owner"] !== oldOutputs["owner"]) changes["owner"] = "update";
        if (isNewPair(oldInputs, oldOutputs, news))
            return { changes: news["epoch"] !== oldOutputs["epoch"] ? { epoch: "update" } : { privateKey: "update" } };
        if (news["handedOut"] === true && oldOutputs["privateKey"] !== "") {
            changes["handedOut"] = oldInputs["handedOut"] === undefined ? "add" : "update";
            log(
                "info",
                `${String(news["owner"])}: its private key is removed from the state and stays only in the file that was handed out; nothing changes on a relay`,
            );
        }
        return { changes };
    },

    async create(inputs, context) {
        const known = keptPair(inputs);
        if (known === undefined) refuseHandedOutWithoutKey(inputs);
        const pair = known ?? newPair(inputs, context);
        // Random, not made from the key: ids are not secret.
        const kept = inputs["handedOut"] === true ? { ...pair, privateKey: "" } : pair;
        const former = formerKeys(keptIn(inputs) ?? {}, pair);
        return { id: randomBytes(8).toString("hex"), outputs: { ...named(inputs), ...kept, ...former } };
    },

    async read(id, inputs, outputs) {
        // Nothing outside the state knows a key; an import has none to read.
        return Object.keys(outputs).length === 0 ? undefined : { id, inputs, outputs };
    },

    async update(_id, oldInputs, oldOutputs, news, context) {
        const pair = isNewPair(oldInputs, oldOutputs, news) ? newPair(news, context) : pairIn(oldOutputs);
        const outputs = { ...named(news), ...pair, ...formerKeys(oldOutputs, pair) };
        if (news["handedOut"] === true) return { ...outputs, privateKey: "" };
        if (pair.privateKey === "") throw invalid(keyIsGone(news));
        return outputs;
    },

    async delete() {},
};

/** `up --replace` and `state taint` are not a rotation, which is a new epoch: the pair stays. */
function keptPair(inputs: Properties): Pair | undefined {
    const old = keptIn(inputs);
    if (old === undefined || old["epoch"] !== inputs["epoch"]) return undefined;
    const { privateKey, privateKeyFile } = inputs;
    if (privateKey !== undefined && privateKey !== old["privateKey"]) return undefined;
    if (privateKeyFile !== undefined) return undefined;
    if (old["privateKey"] === "" && inputs["handedOut"] !== true) throw invalid(keyIsGone(inputs));
    return pairIn(old);
}

/** A dropped key cannot be recovered, so a key that has not been handed out must not be dropped. */
function* handedOutFailures(news: Properties, olds: Properties | undefined): Generator<Fault> {
    if (olds === undefined) return;
    const isNew = news["epoch"] !== olds["epoch"];
    if (isNew && news["handedOut"] === true)
        yield {
            path: "handedOut",
            problem: `would drop the key of epoch ${String(news["epoch"])} before ${String(news["owner"])} has it`,
            fix: "remove it while keyEpoch is raised, hand out the new configuration, then set it again",
        };
    // What was kept are outputs, and tell it by the key that is not there.
    const was = olds["handedOut"] === true || olds["privateKey"] === "";
    if (!isNew && was && news["handedOut"] !== true) {
        yield { ...keyIsGone(news), path: "handedOut" };
    }
}

function keyIsGone({ owner }: Properties): Fault {
    return {
        path: `peer ${String(owner)}.handedOut`,
        problem: `was true, and the private key of ${String(owner)} is no longer in the state: only its owner has it`,
        fix: "keep it true, or raise keyEpoch for a new key",
    };
}

function refuseHandedOutWithoutKey({ owner, handedOut }: Properties): void {
    if (handedOut !== true) return;
    throw new InvalidArgument(
        `peer ${String(owner)}.handedOut`,
        "is true, but the state has no key that could have been handed out",
        "remove it, apply, hand out the configuration, then set it",
    );
}

/** Adopting is an event, not a condition: a program that stops naming the key keeps it. */
function isNewPair(oldInputs: Properties, oldOutputs: Properties, news: Properties): boolean {
    const adopted = news["privateKey"];
    return (
        news["epoch"] !== oldOutputs["epoch"] ||
        (news["privateKeyFile"] !== undefined && news["privateKeyFile"] !== oldInputs["privateKeyFile"]) ||
        (adopted !== undefined && adopted !== oldInputs["privateKey"] && adopted !== oldOutputs["privateKey"])
    );
}

function newPair(inputs: Properties, { preview, project }: Context): Produced<Pair> {
    const adopted = inputs["privateKey"];
    if (typeof adopted === "string") {
        return { publicKey: publicKeyOf(adopted), privateKey: adopted };
    }
    const named = inputs["privateKeyFile"];
    const file = typeof named === "string" ? inProject(named, project) : undefined;
    // A preview may run where the file is not; where it is, a wrong one shows before anything is done.
    if (file !== undefined && (!preview || existsSync(file))) {
        const privateKey = fromFile(file);
        return { publicKey: publicKeyOf(privateKey), privateKey };
    }
    if (preview) {
        return { publicKey: UNKNOWN, privateKey: UNKNOWN };
    }
    return { ...generateKeyPair((length) => new Uint8Array(randomBytes(length))) };
}

function fromFile(path: string): string {
    let text: string;
    try {
        text = readFileSync(path, "utf8");
    } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        throw new InvalidArgument(
            "privateKey",
            `${path} cannot be read (${code})`,
            "give the path of a file with the key",
            { cause },
        );
    }
    return privateKeyIn(text, `privateKey (${path})`);
}

const pairShape = fields<Pair>({ publicKey: text, privateKey: text });

function pairIn(outputs: Properties): Pair {
    const { publicKey, privateKey } = read(pairShape, outputs);
    return { publicKey, privateKey };
}

/** Of outputs of before, what is remembered beside the pair that follows. */
function formerKeys({ publicKey, former }: Properties, next: Produced<Pair>): { former?: string[] } {
    const known = read(optional(listOf(text)), former, "former") ?? [];
    const all = typeof publicKey === "string" && publicKey !== next.publicKey ? [...known, publicKey] : known;
    return all.length === 0 ? {} : { former: all.slice(-MOST_FORMER) };
}

type Named = Pick<KeyPairOutputs, "owner" | "epoch">;

const namedShape = fields<Produced<Named>>({
    owner: previewed(text),
    epoch: previewed(number),
});

function named(inputs: Properties): Produced<Named> {
    const { owner, epoch } = read(namedShape, inputs);
    return { owner, epoch };
}

function ownerFailures({ owner }: Properties): Fault[] {
    const isName = owner === UNKNOWN || (typeof owner === "string" && owner !== "");
    return isName ? [] : [{ path: "owner", problem: "is not a name", fix: "give the name of the peer or relay" }];
}

function epochFailures({ epoch }: Properties): Fault[] {
    const isEpoch = epoch === UNKNOWN || (typeof epoch === "number" && Number.isSafeInteger(epoch) && epoch >= 1);
    return isEpoch ? [] : [{ path: "epoch", problem: "must be an integer ≥ 1", fix: "start with 1 and count up" }];
}

function privateKeyFailures({ privateKey }: Properties): Fault[] {
    if (privateKey === undefined || privateKey === UNKNOWN) {
        return [];
    }
    if (typeof privateKey !== "string") {
        return [{ path: "privateKey", problem: "is not a string", fix: "give the output of `wg genkey`" }];
    }
    try {
        parsePrivateKey(privateKey, "privateKey");
        return [];
    } catch (error) {
        if (error instanceof InvalidArgument) {
            return [faultOf(error)];
        }
        throw error;
    }
}
