import fc from "fast-check";

import type { Ledger } from "../../../../core/registry/model.js";
import { withSupplied } from "../../../../core/registry/supplied.js";

const UNTIL = "2027-01-01T00:00:00Z";
const LATER = "2028-01-01T00:00:00Z";

function ledger(peers: Ledger["peers"], retired: Ledger["retired"]["peers"] = {}): Ledger {
    return { peers, services: {}, retired: { peers: retired, services: {} } };
}

it("adds what other resources say to what the program says", () => {
    expect(
        withSupplied(
            { alice: { publicKey: "a" }, nas: { routes: ["192.168.9.0/24"] }, bob: {} },
            {
                routes: { alice: ["192.168.7.0/24"] },
                expires: { alice: UNTIL },
                peers: { known: { dora: { publicKey: "d" } } },
            },
            undefined,
        ),
    ).toEqual({
        alice: { publicKey: "a", routes: ["192.168.7.0/24"], expires: UNTIL },
        nas: { routes: ["192.168.9.0/24"] },
        bob: {},
        dora: { publicKey: "d" },
    });
});

it("leaves what is not known yet as it was", () => {
    const before = ledger(
        { alice: { address: "10.8.0.2", routes: ["192.168.7.0/24"], expires: UNTIL }, dora: { address: "10.8.0.3" } },
        { carol: { address: "10.8.0.4", expires: UNTIL } },
    );
    const unknown = { alice: undefined, carol: undefined, erin: undefined };
    expect(
        withSupplied(
            { alice: {}, carol: {}, erin: {} },
            { routes: unknown, expires: unknown, peers: { known: undefined } },
            before,
        ),
    ).toEqual({
        alice: { routes: ["192.168.7.0/24"], expires: UNTIL },
        // It expired: it does not come back because nobody knows until when it is to be admitted.
        carol: { expires: UNTIL },
        erin: {},
        dora: { publicKey: undefined, routes: undefined, keyEpoch: undefined, expires: undefined },
    });
});

it("a name that the program takes over from an unknown list is the program's", () => {
    const before = ledger({
        dora: { address: "10.8.0.3", publicKey: "d" },
        erin: { address: "10.8.0.4", publicKey: "e" },
        finn: { address: "10.8.0.5", publicKey: "f" },
    });
    const own = { dora2: { publicKey: "d" }, kim: { address: "10.8.0.4" } };
    const asked = withSupplied(own, { peers: { known: undefined } }, before);
    expect(Object.keys(asked).sort()).toEqual(["dora2", "finn", "kim"]);
});

const name = fc.constantFrom("alice", "bob", "carol", "dora");
const entry = fc.record(
    { address: fc.constant("10.8.0.9"), expires: fc.constantFrom(UNTIL, LATER) },
    { requiredKeys: ["address"] },
);

it("nobody who was there goes, and nobody who was not there comes, because of what is not known", () => {
    fc.assert(
        fc.property(fc.dictionary(name, entry), fc.dictionary(name, fc.constant({})), (peers, own) => {
            const unknown = Object.fromEntries(Object.keys(own).map((each) => [each, undefined]));
            const asked = withSupplied(own, { expires: unknown, peers: { known: undefined } }, ledger(peers));
            expect(Object.keys(asked).sort()).toEqual(
                [...new Set([...Object.keys(peers), ...Object.keys(own)])].sort(),
            );
            for (const [each, { expires }] of Object.entries(asked)) expect(expires).toBe(peers[each]?.expires);
        }),
    );
});
