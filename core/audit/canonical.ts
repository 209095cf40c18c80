/**
 * Canonical JSON of a capsule: keys sorted, no whitespace, one text per value, so that a hash of it means something.
 *
 * A strict subset of the Capsule Protocol's form: whatever its implementations write differently (exponents, minus zero,
 * integers beyond 2^53, control characters, lone surrogates, keys that are not ASCII) is refused instead of guessed.
 */

/** Which numbers are decimals by type, so that 0 is written 0.0. "*" stands for every element of an array. */
interface DecimalFields {
    readonly [key: string]: DecimalFields | true;
}

/** The only decimal fields of a capsule. */
export const CAPSULE_DECIMALS: DecimalFields = {
    reasoning: { confidence: true, options: { "*": { feasibility: true } } },
};

/** Keys every implementation sorts alike. */
export const KEY_PATTERN = /^[A-Za-z0-9_.-]+$/;

/** Control characters and lone surrogates: what implementations escape differently. */
const UNSAFE_TEXT = /[\p{Cc}\p{Cs}]/u;

/** No record has deeper nesting than this. */
const MAX_DEPTH = 64;

/**
 * @param decimals where decimal-typed numbers are; default: nowhere
 * @throws RangeError naming the first value that has no canonical form
 */
export function canonicalJson(value: unknown, decimals?: DecimalFields): string {
    return write(value, decimals, 0);
}

function write(value: unknown, decimals: DecimalFields | true | undefined, depth: number): string {
    if (depth > MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH} levels`);
    switch (typeof value) {
        case "string":
            return quote(value);
        case "number":
            return decimals === true ? decimal(value) : plainNumber(value);
        case "boolean":
            return value ? "true" : "false";
        case "object":
            if (value === null) return "null";
            return Array.isArray(value)
                ? writeArray(value, below(decimals, "*"), depth)
                : writeObject(value as Record<string, unknown>, decimals, depth);
        default:
            throw new RangeError(`a value of type ${typeof value} has no JSON form`);
    }
}

function writeArray(items: unknown[], decimals: DecimalFields | true | undefined, depth: number): string {
    return `[${items.map((item) => write(item, decimals, depth + 1)).join(",")}]`;
}

function writeObject(
    object: Record<string, unknown>,
    decimals: DecimalFields | true | undefined,
    depth: number,
): string {
    // Code point order and UTF-16 order agree on ASCII, the only keys let through.
    let members = "";
    for (const key of Object.keys(object).sort()) {
        if (!KEY_PATTERN.test(key)) throw new RangeError(`the key ${JSON.stringify(key)} is not of A-Z a-z 0-9 _ . -`);
        if (members !== "") members += ",";
        members += `"${key}":${write(object[key], below(decimals, key), depth + 1)}`;
    }
    return `{${members}}`;
}

function below(decimals: DecimalFields | true | undefined, key: string): DecimalFields | true | undefined {
    return decimals === undefined || decimals === true || !Object.hasOwn(decimals, key) ? undefined : decimals[key];
}

function quote(text: string): string {
    if (UNSAFE_TEXT.test(text))
        throw new RangeError(`${JSON.stringify(text)} holds a control character or half a character`);
    return JSON.stringify(text);
}

function plainNumber(value: number): string {
    if (Number.isInteger(value)) {
        if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
            throw new RangeError(`${Object.is(value, -0) ? "-0" : value} is not an integer every reader keeps`);
        }
        return String(value);
    }
    return fraction(value);
}

function decimal(value: number): string {
    if (Object.is(value, -0)) throw new RangeError("-0 is not a decimal every reader keeps");
    return Number.isSafeInteger(value) ? `${value}.0` : fraction(value);
}

/** Below 0.0001 some writers switch to exponents. */
function fraction(value: number): string {
    if (!Number.isFinite(value) || Number.isInteger(value) || Math.abs(value) < 1e-4) {
        throw new RangeError(`${value} is not a number every reader writes alike`);
    }
    return String(value);
}
