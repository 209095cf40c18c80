import { randomBytes } from "node:crypto";

import { attempt, faultOf, InvalidArgument } from "../../../core/errors.js";
import type { Fault } from "../../../core/fault.js";
import { parseSeed } from "../../../core/keys/text.js";
import { LOST_INPUTS, lostKeyFailures } from "./lostKeys.js";
import { KEPT_INPUT, keptIn, withKept } from "./kept.js";
import { type Produced, type Properties, type StateResource, UNKNOWN } from "../resource.js";
import { optional, previewed, read, text } from "../shape.js";

export interface SeedOutputs {
    relay: string;
    seed: string;
}

/**
 * What a relay's preshared keys are derived from. It never changes while it exists: a new one would be a new
 * preshared key for every peer at once.
 */
export const seed: StateResource<SeedOutputs> = {
    type: "Seed",
    description: "32 random bytes of one relay, from which its peers' preshared keys are derived. Touches no host.",
    schema: {
        inputs: {
            relay: { type: "string", description: "The relay's name." },
            seed: {
                type: "string",
                description: "A given seed instead of random bytes: base64 of 32 bytes.",
                secret: true,
                optional: true,
            },
            ...KEPT_INPUT,
            ...LOST_INPUTS,
        },
        outputs: {
            relay: { type: "string", description: "The relay's name." },
            seed: { type: "string", description: "32 random bytes, base64.", secret: true },
        },
    },

    async check(news, olds, context) {
        const { missing: _compared, ...given } = news;
        const { relay } = given;
        const inputs = withKept(given, olds);
        const isNew = olds === undefined && keptIn(inputs) === undefined;
        const isName = relay === UNKNOWN || (typeof relay === "string" && relay !== "");
        return {
            inputs,
            failures: [
                ...(isName ? [] : [{ path: "relay", problem: "is not a name", fix: "give the name of the relay" }]),
                ...seedFailures(news),
                ...(await lostKeyFailures(news, isNew, context)),
            ],
        };
    },

    async diff(_id, _oldInputs, oldOutputs, news) {
        refuseOther(news, oldOutputs["seed"]);
        return { changes: news["relay"] !== oldOutputs["relay"] ? { relay: "update" } : {} };
    },

    async create(inputs, { preview }) {
        const fresh = (): Produced<SeedOutputs>["seed"] => (preview ? UNKNOWN : randomBytes(32).toString("base64"));
        const kept = read(optional(text), keptIn(inputs)?.["seed"], "kept.seed");
        if (kept !== undefined) refuseOther(inputs, kept);
        const given = read(optional(previewed(text)), inputs["seed"], "seed");
        return { id: randomBytes(8).toString("hex"), outputs: { ...named(inputs), seed: kept ?? given ?? fresh() } };
    },

    async read(id, inputs, outputs) {
        return Object.keys(outputs).length === 0 ? undefined : { id, inputs, outputs };
    },

    async update(_id, _oldInputs, oldOutputs, news) {
        refuseOther(news, oldOutputs["seed"]);
        return { ...named(news), seed: read(text, oldOutputs["seed"], "seed") };
    },

    async delete() {},
};

/** A relay keeps the seed that it has: another one would be another relay, with other preshared keys for every peer. */
function refuseOther({ relay, seed: given }: Properties, has: unknown): void {
    if (given === undefined || given === UNKNOWN || has === undefined || given === has) return;
    throw new InvalidArgument(
        `relay ${String(relay)}.seed`,
        "differs from the seed that the relay has, of which every preshared key is made",
        "remove it, or give the seed with which the relay was created",
    );
}

function* seedFailures({ seed: given }: Properties): Generator<Fault> {
    if (given === undefined || given === UNKNOWN) return;
    if (typeof given !== "string") {
        yield { path: "seed", problem: "is not a string", fix: "give 32 random bytes in base64" };
        return;
    }
    const faults: Fault[] = [];
    attempt(
        () => parseSeed(given, "seed"),
        (error) => faults.push(faultOf(error)),
    );
    yield* faults;
}

function named(inputs: Properties): Pick<Produced<SeedOutputs>, "relay"> {
    return { relay: read(previewed(text), inputs["relay"], "relay") };
}
