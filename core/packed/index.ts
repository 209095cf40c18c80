import { peerLine, registeredLine, retiredLine } from "./peerLine.js";
import { fits, type Line } from "./words.js";

/*
 * How properties of resources travel that grow with the number of peers: a peer is one value, a line of text. Programs, states and the
 * engine have the packed form, everything else the structured one. States of older versions are structured, and are read as such.
 */

type Values = Record<string, unknown>;

/** Both leave alone what is not in the form that they change from. */
interface Form {
    pack(value: unknown): unknown;
    unpack(value: unknown, path: string): unknown;
}

/** Lines that are remembered: the engine sends the same ones with every call, old and new, for one resource after the other. */
const MOST_REMEMBERED = 50_000;

/** A map of entries, each as a line. An entry that was read is frozen, because the next time the same one is the answer. */
function each<Entry extends object>({ write, read }: Line<Entry>): Form {
    const entries = new Map<string, Entry>();
    const lines = new WeakMap<object, string>();
    const remembered = (line: string, path: string, name: string): Entry => {
        const known = entries.get(line);
        if (known !== undefined) return known;
        const entry = Object.freeze(read(line, () => `${path}.${name}`));
        for (const value of Object.values(entry)) Object.freeze(value);
        if (entries.size >= MOST_REMEMBERED) entries.clear();
        entries.set(line, entry);
        lines.set(entry, line);
        return entry;
    };
    return {
        pack: (map) => mapped(map, (entry) => (isMap(entry) ? (lines.get(entry) ?? write(entry) ?? entry) : entry)),
        unpack: (map, path) =>
            mapped(map, (entry, name) => (typeof entry === "string" ? remembered(entry, path, name) : entry)),
    };
}

/** Some properties of a map. */
function inside(forms: Record<string, Form>): Form {
    return {
        pack: (map) => (isMap(map) ? packWith(forms, map) : map),
        unpack: (map, path) => (isMap(map) ? unpackWith(forms, map, `${path}.`) : map),
    };
}

/** A list of words as one text; an empty list has nothing to save. */
const words: Form = {
    pack: (list) => (Array.isArray(list) && list.length > 0 && list.every(fits) ? list.join(" ") : list),
    unpack: (text) => (typeof text === "string" ? text.split(" ") : text),
};

/** A map of lists of words, each as one text; an empty list too. */
const lists: Form = {
    pack: (map) => mapped(map, (list) => (Array.isArray(list) && list.every(fits) ? list.join(" ") : list)),
    unpack: (map) => mapped(map, (text) => (typeof text === "string" ? text.split(" ").filter(Boolean) : text)),
};

/** A whole map as one text. */
function asText(form: Form): Form {
    return {
        pack: (map) => (isMap(map) ? { json: JSON.stringify(form.pack(map)) } : map),
        unpack: (map, path) =>
            isMap(map) && typeof map["json"] === "string"
                ? form.unpack(JSON.parse(map["json"]), path)
                : form.unpack(map, path),
    };
}

const PEERS = each(peerLine);
const REGISTRY = each(registeredLine);
const LEDGER = { peers: PEERS, retired: inside({ peers: each(retiredLine), keys: words }) };
const TUNNEL = { peers: PEERS, registry: REGISTRY, listed: words };

/** By type of the resource, or name of the function. */
const FORMS: Record<string, Record<string, Form>> = {
    Registry: { ...LEDGER, groups: lists, kept: asText(inside(LEDGER)), supplied: inside({ peers: PEERS }) },
    Firewall: { wanted: inside({ peers: PEERS }) },
    WireGuard: TUNNEL,
    Script: TUNNEL,
    getStatus: { peers: PEERS, registry: REGISTRY },
};

/** Properties of a resource as they travel. */
export function packed(type: string, values: Values): Values {
    return packWith(formsOf(type), values);
}

/** The same in values of their own. @throws InvalidArgument at a line that a newer version wrote */
export function unpacked(type: string, values: Values): Values {
    return unpackWith(formsOf(type), values, "");
}

/** Whether a property travels in another form than it is used in. */
export function isPacked(type: string, property: string): boolean {
    return Object.hasOwn(formsOf(type), property);
}

/** The changed path as the engine has it: within a line there is nothing to point at. */
export function packedPath(type: string, path: string): string {
    const [property = "", ...parts] = path.match(/^[^.[]+|\.[^.[]+|\["(?:[^"\\]|\\.)*"\]/g) ?? [];
    return isPacked(type, property) ? [property, ...parts.slice(0, 1)].join("") : path;
}

function formsOf(type: string): Record<string, Form> {
    return Object.hasOwn(FORMS, type) ? (FORMS[type] ?? {}) : {};
}

function packWith(forms: Record<string, Form>, values: Values): Values {
    return withForms(forms, values, ({ pack }, value) => pack(value));
}

function unpackWith(forms: Record<string, Form>, values: Values, path: string): Values {
    return withForms(forms, values, ({ unpack }, value, property) => unpack(value, `${path}${property}`));
}

function withForms(
    forms: Record<string, Form>,
    values: Values,
    change: (form: Form, value: unknown, property: string) => unknown,
): Values {
    const changed = Object.entries(forms).filter(([property]) => values[property] !== undefined);
    if (changed.length === 0) return values;
    const replaced = changed.map(([property, form]) => [property, change(form, values[property], property)]);
    return { ...values, ...(Object.fromEntries(replaced) as Values) };
}

function mapped(map: unknown, change: (entry: unknown, name: string) => unknown): unknown {
    if (!isMap(map)) return map;
    const result: Values = {};
    for (const name of Object.keys(map)) {
        const value = change(map[name], name);
        // A peer called __proto__ is a bad name, not another prototype.
        if (name === "__proto__") Object.defineProperty(result, name, { ...DATA, value });
        else result[name] = value;
    }
    return result;
}

const DATA = { enumerable: true, configurable: true, writable: true };

/** A plain one: an Output of a program is an object as well, and stays what it is. */
function isMap(value: unknown): value is Values {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || Object.getPrototypeOf(prototype) === null;
}
