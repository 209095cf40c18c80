/**
 * nft's JSON (libnftables-json(5)) as text close to nft's own language. For people and for comparison, not for loading: what
 * it does not know it writes as JSON with sorted keys, so nothing is ever lost from a comparison.
 */

/** One rule. Counters are written without their values. */
export function describeRule(expr: unknown): string {
    return (asArray(expr) ?? []).map(statement).join(" ");
}

/** One set element: "10.8.0.2 . 192.168.7.0/24 . tcp . 8000-8100". */
export function elementText(element: unknown): string {
    const wrapped = asRecord(asRecord(element)?.["elem"]);
    const text = expression(wrapped === undefined ? element : wrapped["val"]);
    return text.replace(
        /^(\S+ \. \S+ \. )(6|17)(?= \. )/,
        (_, addresses: string, number: string) => `${addresses}${PROTOCOLS[number]}`,
    );
}

/** On a machine without /etc/protocols, as a bare Debian is, nft says numbers. */
const PROTOCOLS: Record<string, string> = { "6": "tcp", "17": "udp" };

export function asRecord(value: unknown): Record<string, unknown> | undefined {
    return typeof value === "object" && value !== null && !Array.isArray(value)
        ? (value as Record<string, unknown>)
        : undefined;
}

export function asArray(value: unknown): unknown[] | undefined {
    return Array.isArray(value) ? value : undefined;
}

/** Fields of an object that hold a word or a number each. */
export function words(fields: Record<string, unknown> | undefined, ...names: string[]): string {
    return names
        .map((name) => fields?.[name])
        .map((value) => (typeof value === "string" ? value : stable(value)))
        .join(" ");
}

function statement(value: unknown): string {
    const [kind, body] = only(value);
    const fields = asRecord(body);
    switch (kind) {
        case "accept":
        case "drop":
        case "return":
        case "counter":
        case "masquerade":
        case "notrack":
            return kind;
        case "reject":
            return Object.keys(fields ?? {}).every((key) => key === "type")
                ? `reject with ${words(fields, "type")}`
                : stable(value);
        case "match":
            return comparison(fields);
        case "set":
            return `${words(fields, "op")} ${words(fields, "set")} { ${expression(fields?.["elem"])} }`;
        case "mangle":
            return `${expression(fields?.["key"])} set ${expression(fields?.["value"])}`;
        default:
            return stable(value);
    }
}

/** nft writes == as "in" where it tests bits; both are what a rule without an operator says. "!" says that no bit is set. */
function comparison(match: Record<string, unknown> | undefined): string {
    const bits = match?.["op"] === "!" ? asArray(match["right"]) : undefined;
    if (bits !== undefined) return `${expression(match?.["left"])} & (${bits.map(expression).join(" | ")}) == 0`;
    const operator = match?.["op"] === "==" || match?.["op"] === "in" ? "" : ` ${words(match, "op")}`;
    return `${expression(match?.["left"])}${operator} ${expression(match?.["right"])}`;
}

function expression(value: unknown): string {
    if (typeof value === "string" || typeof value === "number") return String(value);
    const [kind, body] = only(value);
    const fields = asRecord(body);
    const items = asArray(body);
    switch (kind) {
        case "payload":
            return "protocol" in (fields ?? {}) ? words(fields, "protocol", "field") : stable(value);
        case "meta":
            return words(fields, "key").replace(/^(?![io]if(?:name|group)$)/, "meta ");
        case "rt":
        case "ct": {
            const known = Object.keys(fields ?? {}).every((key) => key === "key" || key === "dir");
            if (!known) return stable(value);
            return fields?.["dir"] === undefined
                ? `${kind} ${words(fields, "key")}`
                : `${kind} ${words(fields, "dir", "key")}`;
        }
        case "tcp option":
            return `tcp option ${words(fields, "name", "field")}`;
        case "prefix":
            return `${words(fields, "addr")}/${words(fields, "len")}`;
        case "range":
            return items === undefined ? stable(value) : items.map(expression).join("-");
        case "concat":
            return items === undefined ? stable(value) : items.map(expression).join(" . ");
        case "set":
            return items === undefined ? expression(body) : `{ ${items.map(expression).sort().join(", ")} }`;
        default:
            return stable(value);
    }
}

/** The one key of an object that nft uses as a tag, and what it holds. */
function only(value: unknown): [kind: string | undefined, body: unknown] {
    const entries = Object.entries(asRecord(value) ?? {});
    return entries.length === 1 ? entries[0]! : [undefined, undefined];
}

function stable(value: unknown): string {
    return JSON.stringify(value, (_key, inner: unknown) => {
        const record = asRecord(inner);
        return record === undefined
            ? inner
            : Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
    });
}
