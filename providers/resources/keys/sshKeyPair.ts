import { randomBytes } from "node:crypto";

import type { Fault } from "../../../core/fault.js";
import { generateSshKeyPair } from "../../../core/keys/ssh.js";
import { hasUnknown, isMap, same } from "../changes.js";
import { type Produced, type Properties, type StateResource, UNKNOWN } from "../resource.js";
import { fields, previewed, read, text } from "../shape.js";

interface Pair {
    publicKey: string;
    privateKey: string;
}

export interface SshKeyPairOutputs extends Pair {
    purpose: string;
    keepers: unknown;
}

const pairShape = fields<Pair>({ publicKey: text, privateKey: text });

/** An Ed25519 pair for SSH: who logs in to a machine that the program makes, or what that machine shows. */
export const sshKeyPair: StateResource<SshKeyPairOutputs> = {
    type: "SshKeyPair",
    description: "An Ed25519 key pair for SSH, generated once for its purpose. Touches no host.",
    schema: {
        inputs: {
            purpose: { type: "string", description: "Its purpose, in words." },
            keepers: {
                type: { map: "string" },
                description: "What it belongs to: a change of any of these creates a new pair.",
                optional: true,
            },
        },
        outputs: {
            purpose: { type: "string", description: "Its purpose, in words." },
            keepers: { type: { map: "string" }, description: "What it belongs to." },
            publicKey: { type: "string", description: "The public key, one line as in authorized_keys." },
            privateKey: {
                type: "string",
                description: "The private key in OpenSSH format, unencrypted.",
                secret: true,
            },
        },
    },

    async check(news) {
        const { purpose, keepers } = news;
        const failures: Fault[] = [];
        if (purpose !== UNKNOWN && (typeof purpose !== "string" || purpose === ""))
            failures.push({ path: "purpose", problem: "is not a string", fix: "describe the purpose of the pair" });
        if (keepers !== undefined && keepers !== UNKNOWN && !isMap(keepers))
            failures.push({
                path: "keepers",
                problem: "is not a map",
                fix: "give the objects that the pair belongs to, by name",
            });
        return { inputs: news, failures };
    },

    async diff(_id, _oldInputs, oldOutputs, news) {
        if (isNewPair(oldOutputs, news)) return { changes: { keepers: "update" } };
        return { changes: news["purpose"] !== oldOutputs["purpose"] ? { purpose: "update" } : {} };
    },

    // A replacement (`--replace`, taint) is a new pair. What the old one was told to is replaced, or told the new one.
    async create(inputs, { preview }) {
        return { id: randomBytes(8).toString("hex"), outputs: { ...named(inputs), ...newPair(preview) } };
    },

    async read(id, inputs, outputs) {
        // Nothing outside the state knows the pair; an import has none to read.
        return Object.keys(outputs).length === 0 ? undefined : { id, inputs, outputs };
    },

    async update(_id, _oldInputs, oldOutputs, news, { preview }) {
        if (isNewPair(oldOutputs, news)) return { ...named(news), ...newPair(preview) };
        const { publicKey, privateKey } = read(pairShape, oldOutputs);
        return { ...named(news), publicKey, privateKey };
    },

    async delete() {},
};

function isNewPair(oldOutputs: Properties, news: Properties): boolean {
    const keepers = keepersOf(news);
    return hasUnknown(keepers) || !same(keepersOf(oldOutputs), keepers);
}

function newPair(preview: boolean): Produced<Pair> {
    if (preview) return { publicKey: UNKNOWN, privateKey: UNKNOWN };
    return { ...generateSshKeyPair((length) => new Uint8Array(randomBytes(length))) };
}

function named(inputs: Properties): Produced<Omit<SshKeyPairOutputs, keyof Pair>> {
    return { purpose: read(previewed(text), inputs["purpose"], "purpose"), keepers: keepersOf(inputs) };
}

function keepersOf({ keepers }: Properties): unknown {
    return keepers ?? {};
}
