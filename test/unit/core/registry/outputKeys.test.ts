import * as fc from "fast-check";
import type { Ledger } from "../../../../core/registry/model.js";
import { publicKeyOf } from "../../../../core/keys/index.js";
import { allocate, type Allocation } from "../../../../core/registry/index.js";
import type { PeerRequest } from "../../../../core/registry/request.js";
import { withFormerKeys, withHistory, withOutputKeys } from "../../../../core/registry/outputKeys.js";

const KEYS = [1, 2, 3, 4, 5].map((number) => publicKeyOf(Buffer.alloc(32, number).toString("base64")));
const [OLD, NEW, OTHER] = KEYS as [string, string, string];

/** A program: who is listed, and the keys of those who have none in it. */
interface Program {
    peers: Record<string, PeerRequest>;
    keys: Record<string, string>;
}

const generated = (keys: Record<string, string>, more: PeerRequest = {}): Program => ({
    peers: Object.fromEntries(Object.keys(keys).map((name) => [name, more])),
    keys,
});

/** As Registry does it: with the ledger and the keys of last time. */
function next(program: Program, before?: { ledger: Ledger; keys: Record<string, string> }, now?: Date): Allocation {
    const asked = {
        subnet: "10.8.0.0/24",
        reservedAddresses: [],
        services: {},
        peers: withOutputKeys(program.peers, program.keys),
    };
    return allocate(asked, before && withFormerKeys(before.ledger, before.keys), now);
}

function accepted(programs: Program[], now?: Date): { ledger: Ledger; keys: Record<string, string> } {
    let state: { ledger: Ledger; keys: Record<string, string> } | undefined;
    for (const program of programs) {
        const { ledger, problems } = next(program, state, now);
        expect(problems).toEqual([]);
        state = { ledger, keys: program.keys };
    }
    return state!;
}

it("does not list a generated key, and remembers it once it was replaced", () => {
    const first = accepted([generated({ nas: OLD })]);
    expect(first.ledger).toEqual({
        peers: { nas: { address: "10.8.0.2" } },
        services: {},
        retired: { peers: {}, services: {} },
    });
    const rotated = accepted([generated({ nas: OLD }), generated({ nas: NEW }, { keyEpoch: 2 })]);
    expect(rotated.ledger.retired.keys).toEqual([OLD]);
});

it("keeps the address of a peer with a generated key that is renamed", () => {
    const before = accepted([generated({ alice: OTHER, gen: OLD })]);
    const { ledger, renamed, problems } = next(generated({ alice: OTHER, gen2: OLD }), before);
    expect({ renamed, problems }).toEqual({ renamed: [{ from: "gen", to: "gen2" }], problems: [] });
    expect(ledger.peers["gen2"]).toEqual(before.ledger.peers["gen"]);
    expect(ledger.retired.peers).toEqual({ gen: { address: "" } });
});

it("refuses the key that a peer used while a newer one waited for it, when it comes under another name", () => {
    const expires = "2027-06-01T00:00:00Z";
    const [then, now] = [new Date("2027-05-01T00:00:00Z"), new Date("2027-06-02T00:00:00Z")];
    const rotated = accepted(
        [generated({ eve: OLD }, { expires }), generated({ eve: NEW }, { expires, keyEpoch: 2 })],
        then,
    );
    const listed = generated({ eve: NEW }, { expires, keyEpoch: 2 });
    const expired = { ledger: next(listed, rotated, now).ledger, keys: listed.keys };
    for (const before of [rotated, expired])
        for (const [key, when] of [
            [OLD, "earlier"],
            [NEW, `when "eve" expired on ${expires}`],
        ] as const) {
            const stolen: Program = { peers: { ...listed.peers, mallory: { publicKey: key } }, keys: listed.keys };
            expect(next(stolen, before, now).problems).toEqual([
                {
                    path: "peers.mallory.publicKey",
                    problem: `was revoked ${when}`,
                    fix: `give a new key, or set reinstate: true if this one is to be trusted again`,
                },
            ]);
        }
});

it("refuses a generated key that was taken out of the list and comes back, and says what makes a new one", () => {
    const before = accepted([generated({ nas: OLD }), generated({})]);
    expect(next(generated({ nas: OLD }), before).problems).toEqual([
        {
            path: "peers.nas.publicKey",
            problem: 'was revoked when "nas" was removed',
            fix: "give a new key (for a generated one, raise keyEpoch), or set reinstate: true if this one is to be trusted again",
        },
    ]);
    expect(next(generated({ nas: NEW }, { keyEpoch: 2 }), before).problems).toEqual([]);
    expect(next(generated({ nas: OLD }, { reinstate: true }), before).problems).toEqual([]);
});

it("takes from the history what no state remembers", () => {
    const { ledger } = accepted([generated({ nas: NEW })]);
    const before = withHistory(withFormerKeys(ledger, { nas: NEW }), [OLD, NEW]);
    expect(before.retired.keys).toEqual([OLD]);
    expect(next({ peers: { x: { publicKey: OLD } }, keys: {} }, { ledger: before, keys: {} }).problems).toHaveLength(1);
});

describe("after any history of programs", () => {
    const NAMES = ["alice", "bob", "carol"];
    const peer = fc.record({
        key: fc.constantFrom(...KEYS),
        isOutput: fc.boolean(),
        reinstate: fc.boolean(),
        expires: fc.constantFrom(undefined, "2027-06-01T00:00:00Z"),
    });
    const program = fc
        .dictionary(fc.constantFrom(...NAMES), peer, { noNullPrototype: true })
        .map((entries): Program => ({
            peers: Object.fromEntries(
                Object.entries(entries).map(([name, { key, isOutput, reinstate, expires }]) => [
                    name,
                    { ...(isOutput ? {} : { publicKey: key }), reinstate, expires },
                ]),
            ),
            keys: Object.fromEntries(
                Object.entries(entries).flatMap(([name, { key, isOutput }]) => (isOutput ? [[name, key]] : [])),
            ),
        }));
    const step = fc.record({ program, late: fc.boolean() });

    it("no key that was connected once and is not now comes back without the word, brought or generated, under any name", () => {
        fc.assert(
            fc.property(fc.array(step, { minLength: 2, maxLength: 8 }), (steps) => {
                let state: { ledger: Ledger; keys: Record<string, string> } | undefined;
                let connected = new Map<string, string>();
                const ever = new Set<string>();
                let isLate = false;
                for (const { program, late } of steps) {
                    isLate ||= late;
                    const now = new Date(isLate ? "2027-07-01T00:00:00Z" : "2027-05-01T00:00:00Z");
                    const { ledger, problems } = next(program, state, now);
                    if (problems.length > 0) continue;
                    const present = new Map(
                        Object.keys(ledger.peers).map((name) => [
                            (program.peers[name]?.publicKey ?? program.keys[name])!,
                            name,
                        ]),
                    );
                    for (const [key, name] of present)
                        if (ever.has(key) && !connected.has(key)) expect(program.peers[name]?.reinstate).toBe(true);
                    for (const key of present.keys()) ever.add(key);
                    connected = present;
                    state = { ledger, keys: program.keys };
                }
            }),
            { numRuns: 2000 },
        );
    });
});
