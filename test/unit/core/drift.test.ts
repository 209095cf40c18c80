import { differsIn, type Drift, driftKey, readDrift, storeDrift, withoutRepeated } from "../../../core/drift.js";

const KNOWN: [string, Omit<Drift, "sentence">][] = [
    ["records", { kind: "records" }],
    ["table flags", { kind: "table flags" }],
    ["record of peers", { kind: "record of peers" }],
    ["peer alice", { kind: "peer", name: "alice" }],
    ["peer nas (former key)", { kind: "peer", name: "nas (former key)" }],
    ["rogue peer SHA256:6eHh0hbDX5mId+lZ", { kind: "rogue peer", name: "SHA256:6eHh0hbDX5mId+lZ" }],
    ["wg0b: rogue peer SHA256:6eHh", { kind: "rogue peer", name: "SHA256:6eHh", interface: "wg0b" }],
    ["wg0: listen port", { kind: "listen port", interface: "wg0" }],
    ["expired peer alice", { kind: "expired peer", name: "alice" }],
    ["rotation: the rule of wg0b is missing", { kind: "rotation", name: "the rule of wg0b is missing" }],
    ["certificate notes", { kind: "certificate", name: "notes" }],
    ["certificate file certs/notes.pem", { kind: "certificate file", name: "certs/notes.pem" }],
    ["server [fd12::1]:9000", { kind: "server", name: "[fd12::1]:9000" }],
    ["acl4 10.8.0.2 . 10.8.0.3", { kind: "object", name: "acl4 10.8.0.2 . 10.8.0.3" }],
    ["counter x: y", { kind: "object", name: "counter x: y" }],
    ["", { kind: "object", name: "" }],
] as [string, Omit<Drift, "sentence">][];

test.each(KNOWN)("%s is written to the state and read from it", (key, difference) => {
    const drift = { ...difference, sentence: "it differs" } as Drift;
    expect(driftKey(drift)).toBe(key);
    expect(storeDrift([drift])).toStrictEqual({ [key]: "it differs" });
    expect(readDrift({ [key]: "it differs" })).toStrictEqual([drift]);
});

test("a state without differences has none", () => {
    expect(readDrift(undefined)).toStrictEqual([]);
    expect(differsIn(undefined, "records")).toBe(false);
});

test("a kind is not taken for another that begins like it", () => {
    const stored = { "certificate file certs/notes.pem": "it is missing", "peer records": "it was changed" };
    expect(differsIn(stored, "certificate file")).toBe(true);
    expect(differsIn(stored, "certificate", "records", "file")).toBe(false);
});

test("of what several resources find the last counts, where the first was", () => {
    const drift: Drift[] = [
        { kind: "records", sentence: "one" },
        { kind: "machine", sentence: "two" },
        { kind: "records", sentence: "three" },
    ];
    expect(withoutRepeated(drift)).toStrictEqual([drift[2], drift[1]]);
    expect(Object.entries(storeDrift(drift))).toStrictEqual([
        ["records", "three"],
        ["machine", "two"],
    ]);
});
