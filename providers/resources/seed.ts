import { randomBytes } from "node:crypto";

import { UNKNOWN, type Resource } from "./resource.js";

/**
 * What a relay's preshared keys are derived from. It never changes while it exists: a new one would be a new
 * preshared key for every peer at once.
 */
export const seed: Resource = {
    type: "Seed",
    description: "32 random bytes of one relay, from which its peers' preshared keys are derived. Touches no host.",
    schema: {
        inputs: { relay: { type: "string", description: "The relay's name." } },
        outputs: {
            relay: { type: "string", description: "The relay's name." },
            seed: { type: "string", description: "32 random bytes, base64.", secret: true },
        },
    },

    async check(news) {
        const { relay } = news;
        const isName = relay === UNKNOWN || (typeof relay === "string" && relay !== "");
        return {
            inputs: news,
            failures: isName ? [] : [{ path: "relay", reason: "is not a name; give the name of the relay" }],
        };
    },

    async diff(_id, _oldInputs, oldOutputs, news) {
        return { changes: news["relay"] !== oldOutputs["relay"] ? { relay: "update" } : {} };
    },

    async create({ relay }, { preview, urn }) {
        const replaced = deleted.get(urn);
        deleted.delete(urn);
        return {
            id: randomBytes(8).toString("hex"),
            outputs: { relay, seed: replaced ?? (preview ? UNKNOWN : randomBytes(32).toString("base64")) },
        };
    },

    async read(id, inputs, outputs) {
        return Object.keys(outputs).length === 0 ? undefined : { id, inputs, outputs };
    },

    async update(_id, _oldInputs, oldOutputs, { relay }) {
        return { relay, seed: oldOutputs["seed"] };
    },

    async delete(_id, _inputs, outputs, { urn }) {
        deleted.set(urn, outputs["seed"]);
    },
};

/** Seeds deleted in this process: a replacement (`--replace`, taint; with `deleteBeforeReplace`) keeps its own. */
const deleted = new Map<string, unknown>();
