import { asArray, asRecord, elementText } from "../nftables/json.js";
import { type Field, fieldOf, type Reading } from "./fields.js";
import { attempted, type Packet, previous, related, Split, type Ternary, within } from "./packet.js";
import { type Constant, constantOf, isWord } from "./values.js";

/** What a condition says of packets. */
export interface Met {
    met: Ternary;
    /** The element of a set that they are in. */
    element?: string;
}

export type Condition = (packet: Packet) => Met;

/** Elements of a set or map: the values of their fields, and what a map has for them. */
export interface Elements {
    find(packet: Packet): Found;
}

interface Found extends Met {
    /** What a map has for it; where several may be meant, all of them. */
    values: unknown[];
}

/** Named sets and maps of a table, their elements as nft writes them. */
export type NamedSets = ReadonlyMap<string, readonly unknown[]>;

/** What conditions are understood with. */
export interface Surroundings {
    sets: NamedSets;
    /** Names of the relay's interfaces. */
    ours: ReadonlySet<string>;
}

const UNKNOWN: Met = { met: undefined };

/** A condition of a rule, as nft writes it. One that is not understood may be met or not. */
export function conditionOf(match: Record<string, unknown>, surroundings: Surroundings): Condition {
    const { op, left, right } = match;
    const flags = flagsCondition(op, left, right);
    if (flags !== undefined) return flags;
    if (op === "<" || op === ">" || op === "<=" || op === ">=") return comparison(op, left, right, surroundings);
    if (op !== "==" && op !== "!=" && op !== "in") return () => UNKNOWN;
    const elements = elementsOf(left, right, surroundings);
    if (elements === undefined) return () => UNKNOWN;
    if (op !== "!=") return (packet) => elements.find(packet);
    const fields = fieldsOf(left, surroundings.ours) ?? [];
    return (packet) => {
        if (fields.some((field) => field.read(packet) === "absent")) return { met: false };
        const { met } = elements.find(packet);
        return { met: met === undefined ? undefined : !met };
    };
}

/** The right side of a condition, or the data of a map; undefined when the left side is not understood. */
export function elementsOf(left: unknown, right: unknown, { sets, ours }: Surroundings): Elements | undefined {
    const fields = fieldsOf(left, ours);
    const named = typeof right === "string" && right.startsWith("@") ? sets.get(right.slice(1)) : undefined;
    const listed = named ?? asArray(asRecord(right)?.["set"]) ?? asArray(right) ?? [right];
    return fields === undefined ? undefined : new Lookup(fields, listed);
}

function fieldsOf(left: unknown, ours: ReadonlySet<string>): Field[] | undefined {
    const fields = (asArray(asRecord(left)?.["concat"]) ?? [left]).map((each) => fieldOf(each, ours));
    return fields.every((field) => field !== undefined) ? fields : undefined;
}

interface Element {
    /** undefined: a value that is not understood. */
    parts: (Constant | undefined)[];
    text: string;
    value: unknown;
}

/** Finds elements by their first field, where that is a single value. */
class Lookup implements Elements {
    private readonly single = new Map<unknown, Element[]>();
    private readonly others: Element[] = [];
    private readonly all: Element[];
    /** The element for what is in no other one, "*". */
    private readonly rest: Element | undefined;

    constructor(
        private readonly fields: readonly Field[],
        listed: readonly unknown[],
    ) {
        const elements = listed.map((each) => this.element(each));
        this.rest = elements.find(({ text }) => text === "*");
        this.all = elements.filter((element) => element !== this.rest);
        for (const element of this.all) {
            const key = keyOf(element.parts[0]);
            if (key === undefined) this.others.push(element);
            else this.single.set(key, [...(this.single.get(key) ?? []), element]);
        }
    }

    find(packet: Packet): Found {
        const readings = this.fields.map((field) => () => field.read(packet));
        const first = attempted(readings[0]!);
        let maybe: Element[] = [];
        for (const element of first instanceof Split ? this.all : this.candidates(packet, first)) {
            const met = isIn(packet, readings, element.parts);
            // For a set it is enough to be in one element, whatever is known of the others.
            const isEnough = maybe.length === 0 || element.value === undefined;
            if (met === true && isEnough) return { met, element: element.text, values: [element.value] };
            if (met !== false) maybe = [...maybe, element];
            if (met === true) break;
        }
        if (this.rest !== undefined && this.fields.every((field) => field.read(packet) !== "absent")) {
            if (maybe.length === 0) return { met: true, element: this.rest.text, values: [this.rest.value] };
            maybe = [...maybe, this.rest];
        }
        if (maybe.length === 0) return { met: false, values: [] };
        return { met: undefined, element: maybe[0]!.text, values: maybe.map(({ value }) => value) };
    }

    /** Elements of a map are pairs. */
    private element(listed: unknown): Element {
        const pair = asArray(listed);
        const key = pair === undefined ? listed : pair[0];
        const inner = asRecord(asRecord(key)?.["elem"])?.["val"] ?? key;
        const parts = asArray(asRecord(inner)?.["concat"]) ?? [inner];
        return {
            parts: this.fields.map(({ kind }, index) => constantOf(parts[index], kind)),
            text: elementText(key),
            value: pair?.[1],
        };
    }

    private candidates(packet: Packet, reading: Reading): readonly Element[] {
        if (reading === "absent") return [];
        const value = reading === undefined ? undefined : valueOf(packet, reading);
        if (value === undefined) return this.all;
        const found = this.single.get(value) ?? [];
        return this.others.length === 0 ? found : [...found, ...this.others];
    }
}

function keyOf(constant: Constant | undefined): unknown {
    if (constant === undefined) return undefined;
    if ("word" in constant) return constant.word.endsWith("*") ? undefined : constant.word;
    const [low, high] = constant.range;
    return low === high ? low : undefined;
}

/** The one value that the packets have; undefined where there are several. */
function valueOf(packet: Packet, reading: Exclude<Reading, "absent" | undefined>): unknown {
    if ("word" in reading) return reading.word;
    if ("number" in reading) return reading.number;
    const range = packet.box[reading.dim];
    return range !== undefined && range[0] === range[1] ? range[0] : undefined;
}

/** Where one field certainly differs, packets are not divided by another one. */
function isIn(packet: Packet, readings: readonly (() => Reading)[], parts: Element["parts"]): Ternary {
    let known = true;
    let split: Split | undefined;
    for (const [index, read] of readings.entries()) {
        const met = attempted(() => isValue(packet, read(), parts[index]));
        if (met === false) return false;
        if (met instanceof Split) split ??= met;
        known &&= met === true;
    }
    if (split !== undefined) throw split;
    return known ? true : undefined;
}

function isValue(packet: Packet, reading: Reading, constant: Constant | undefined): Ternary | Split {
    if (reading === "absent") return false;
    if (reading === undefined || constant === undefined) return undefined;
    if ("dim" in reading) return "range" in constant ? related(packet, reading.dim, constant.range) : undefined;
    if ("number" in reading)
        return "range" in constant
            ? constant.range[0] <= reading.number && reading.number <= constant.range[1]
            : undefined;
    return "word" in constant ? isWord(constant.word, reading.word) : undefined;
}

/** Conditions on ports, addresses and the like that are written with less than or greater than. */
function comparison(op: string, left: unknown, right: unknown, { ours }: Surroundings): Condition {
    const field = fieldOf(left, ours);
    const constant = field === undefined ? undefined : constantOf(right, field.kind);
    if (field === undefined || constant === undefined || !("range" in constant)) return () => UNKNOWN;
    const [edge] = constant.range;
    const low = typeof edge === "bigint" ? 0n : 0;
    // Below the edge, or up to it; the other two are their opposites.
    const below: Constant = { range: [low, op === "<" || op === ">=" ? previous(edge) : edge] };
    const negated = op === ">" || op === ">=";
    return (packet) => {
        const reading = field.read(packet);
        if (reading === "absent") return { met: false };
        const met = isValue(packet, reading, below);
        if (met instanceof Split) throw met;
        return { met: met === undefined ? undefined : met !== negated };
    };
}

const FLAGS = new Set(["fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"]);

/** Names of flags, also where older versions of nft nest them; undefined for what are none. */
function flagsIn(value: unknown): string[] | undefined {
    const parts = asArray(asRecord(value)?.["|"]) ?? asArray(value);
    if (parts !== undefined) {
        const found = parts.map(flagsIn);
        return found.every((flags) => flags !== undefined) ? found.flat() : undefined;
    }
    if (value === 0) return [];
    return typeof value === "string" && FLAGS.has(value) ? [value] : undefined;
}

/** Conditions on bits: TCP's flags, which are known of each packet. */
function flagsCondition(op: unknown, left: unknown, right: unknown): Condition | undefined {
    const masked = asArray(asRecord(left)?.["&"]);
    const field = asRecord(asRecord(masked?.[0] ?? left)?.["payload"]);
    if (field?.["protocol"] !== "tcp" || field["field"] !== "flags") return undefined;
    const [wanted, mask] = [flagsIn(right), masked === undefined ? [...FLAGS] : flagsIn(masked[1])];
    if (wanted === undefined || mask === undefined) return () => UNKNOWN;
    return (packet) => {
        const isTcp = within(packet, "proto", [6, 6]);
        if (isTcp !== true) return { met: isTcp };
        const own = packet.flags.filter((flag) => mask.includes(flag));
        const some = wanted.some((flag) => own.includes(flag));
        const same = own.length === wanted.length && own.every((flag) => wanted.includes(flag));
        if (op === "in") return { met: some };
        return op === "!" ? { met: !some } : op === "==" || op === "!=" ? { met: same === (op === "==") } : UNKNOWN;
    };
}
