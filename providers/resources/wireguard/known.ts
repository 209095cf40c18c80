import { parseEndpoint } from "../../../core/arguments/text.js";
import { TunnelError } from "../../../core/errors.js";
import { parsePresharedKey, parsePrivateKey } from "../../../core/keys/index.js";
import { type CheckFailure, type Properties, UNKNOWN } from "../resource.js";

type Parse = (text: string, subject: string) => unknown;

/**
 * What is wrong with a value that a program gave as an Output or a secret: the component let it through unseen, so it is
 * checked here, as soon as it is known, by the same function as a plain one. No reason contains the value.
 */
export function* unfit(value: unknown, path: string, parse: Parse): Generator<CheckFailure> {
    if (value === undefined || value === UNKNOWN) return;
    if (typeof value !== "string") {
        yield { path, reason: "is not a string; give a string" };
        return;
    }
    try {
        parse(value, path);
    } catch (error) {
        if (!(error instanceof TunnelError)) throw error;
        yield { path, reason: `${error.problem}; ${error.fix}` };
    }
}

export function fits(value: unknown, parse: Parse): boolean {
    return unfit(value, "", parse).next().done === true;
}

/** Keys and endpoints among WireGuard's inputs, but for public keys, which have owners too. */
export function* unfitSecrets({ presharedKeys, privateKeys, leaf }: Properties): Generator<CheckFailure> {
    for (const [name, key] of entriesOf(presharedKeys))
        if (key !== "none") yield* unfit(key, `peers.${name}.presharedKey`, parsePresharedKey);
    for (const [epoch, key] of entriesOf(privateKeys)) yield* unfit(key, `privateKeys.${epoch}`, parsePrivateKey);
    yield* unfit((leaf as { endpoint?: unknown } | undefined)?.endpoint, "endpoint", parseEndpoint);
}

function entriesOf(map: unknown): [string, unknown][] {
    return typeof map === "object" && map !== null ? Object.entries(map) : [];
}
