import { parseEndpoint } from "../../../core/arguments/text.js";
import { faultOf, TunnelError } from "../../../core/errors.js";
import type { Fault } from "../../../core/fault.js";
import { parsePresharedKey, parsePrivateKey } from "../../../core/keys/index.js";
import { type Properties, UNKNOWN } from "../resource.js";

type Parse = (text: string, subject: string) => unknown;

/**
 * What is wrong with a value that a program gave as an Output or a secret: the component let it through unseen, so it is
 * checked here, as soon as it is known, by the same function as a plain one. No fault contains the value.
 */
export function* unfit(value: unknown, path: string, parse: Parse): Generator<Fault> {
    if (value === undefined || value === UNKNOWN) return;
    if (typeof value !== "string") {
        yield { path, problem: "is not a string", fix: "give a string" };
        return;
    }
    try {
        parse(value, path);
    } catch (error) {
        if (!(error instanceof TunnelError)) throw error;
        yield faultOf(error, path);
    }
}

export function fits(value: unknown, parse: Parse): boolean {
    return unfit(value, "", parse).next().done === true;
}

/** Keys and endpoints among WireGuard's inputs, but for public keys, which have owners too. */
export function* unfitSecrets({ presharedKeys, privateKeys, leaf }: Properties): Generator<Fault> {
    for (const [name, key] of entriesOf(presharedKeys))
        if (key !== "none") yield* unfit(key, `peers.${name}.presharedKey`, parsePresharedKey);
    for (const [epoch, key] of entriesOf(privateKeys)) yield* unfit(key, `privateKeys.${epoch}`, parsePrivateKey);
    yield* unfit((leaf as { endpoint?: unknown } | undefined)?.endpoint, "endpoint", parseEndpoint);
}

function entriesOf(map: unknown): [string, unknown][] {
    return typeof map === "object" && map !== null ? Object.entries(map) : [];
}
