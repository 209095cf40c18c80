import { UNKNOWN, type Properties } from "../resources/resource.js";
import type { Json, JsonObject } from "./json.js";
import { isUnknownText, OUTPUT_VALUE, SECRET, SIGNATURE, UNKNOWN_TEXT } from "./marks.js";

/**
 * Property values between the engine's form (secrets and unknowns are marked inside the JSON) and plain values.
 * The marks: https://github.com/pulumi/pulumi/blob/master/developer-docs/providers/implementers-guide.md.
 */

/** What came in, with the marks taken off. */
export interface Received {
    values: Properties;
    /** Top-level properties that held a secret anywhere. */
    secrets: ReadonlySet<string>;
    /** The secret texts themselves: what must not appear in any message. */
    secretTexts: ReadonlySet<string>;
}

/**
 * Secrets are unwrapped, unknowns become UNKNOWN, null properties are left out as if they were not given. Keys are
 * sorted: maps arrive in another order each time.
 */
export function unmarshal(wire: JsonObject): Received {
    const reader = new PropertyReader();
    const values: Properties = {};
    const secrets = new Set<string>();
    for (const key of Object.keys(wire).sort()) {
        const value = wire[key]!;
        if (value === null) {
            continue;
        }
        reader.sawSecret = false;
        values[key] = reader.value(value, false);
        if (reader.sawSecret) {
            secrets.add(key);
        }
    }
    return { values, secrets, secretTexts: reader.secretTexts };
}

/**
 * The reverse: UNKNOWN becomes the engine's mark, properties for which `isSecret` holds are wrapped whole, null and
 * undefined ones are left out.
 *
 * @throws TypeError for a value that is not JSON, naming the property but not the value
 */
export function marshal(values: Properties, isSecret: (property: string) => boolean): JsonObject {
    const wire: JsonObject = {};
    for (const [key, value] of Object.entries(values)) {
        if (value === undefined || value === null) {
            continue;
        }
        const json = toJson(value, key);
        wire[key] = isSecret(key) ? { [SIGNATURE]: SECRET, value: json } : json;
    }
    return wire;
}

/**
 * Hides secrets in a text for a person. Resources do not put secrets into messages; this is for the parser or the
 * library underneath that quotes its input.
 */
export function redact(text: string, secretTexts: Iterable<string>): string {
    let result = text;
    for (const secret of secretTexts) {
        if (result.includes(secret)) {
            result = result.replaceAll(secret, "[secret]");
        }
    }
    return result;
}

/** Shorter texts are names and addresses that happen to lie in a secret map; hiding these would blank every message. */
const SHORTEST_SECRET = 16;

class PropertyReader {
    sawSecret = false;
    readonly secretTexts = new Set<string>();

    value(wire: Json, inSecret: boolean): unknown {
        if (typeof wire === "string") {
            if (isUnknownText(wire)) {
                return UNKNOWN;
            }
            if (inSecret) {
                this.remember(wire);
            }
            return wire;
        }
        if (wire === null || typeof wire !== "object") {
            return wire;
        }
        if (Array.isArray(wire)) {
            return wire.map((item) => this.value(item, inSecret));
        }
        const signature = wire[SIGNATURE];
        if (signature === SECRET) {
            this.sawSecret = true;
            return this.value(wire["value"] ?? null, true);
        }
        if (signature === OUTPUT_VALUE) {
            const isSecret = wire["secret"] === true;
            this.sawSecret ||= isSecret;
            return "value" in wire ? this.value(wire["value"] ?? null, inSecret || isSecret) : UNKNOWN;
        }
        return this.object(wire, inSecret);
    }

    private object(wire: JsonObject, inSecret: boolean): Properties {
        const result: Properties = {};
        for (const key of Object.keys(wire).sort()) {
            const value = wire[key]!;
            if (value === null) {
                continue;
            }
            set(result, key, this.value(value, inSecret));
        }
        return result;
    }

    /** A key file spans lines, and a message may quote one of them. */
    private remember(secret: string): void {
        for (const line of [secret, ...(secret.includes("\n") ? secret.split("\n") : [])]) {
            if (line.length >= SHORTEST_SECRET) {
                this.secretTexts.add(line);
            }
        }
    }
}

function toJson(value: unknown, property: string): Json {
    switch (typeof value) {
        case "string":
        case "boolean":
        case "number":
            return value;
        case "symbol":
            if (value === UNKNOWN) {
                return UNKNOWN_TEXT;
            }
            break;
        case "object":
            if (value === null) {
                return null;
            }
            if (Array.isArray(value)) {
                return value.map((item) => (item === undefined ? null : toJson(item, property)));
            }
            if (isPlain(value)) {
                return objectToJson(value, property);
            }
            break;
        default:
            break;
    }
    throw new TypeError(`property ${property} holds a ${typeof value} that is not JSON`);
}

function objectToJson(value: Properties, property: string): JsonObject {
    const result: JsonObject = {};
    for (const key of Object.keys(value)) {
        const item = value[key];
        if (item !== undefined && item !== null) {
            set(result, key, toJson(item, property));
        }
    }
    return result;
}

function isPlain(value: object): value is Properties {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === Object.prototype || prototype === null;
}

/** A peer called __proto__ is a bad name, not another prototype. */
function set<T>(object: Record<string, T>, key: string, value: T): void {
    if (key === "__proto__") {
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
    } else {
        object[key] = value;
    }
}
