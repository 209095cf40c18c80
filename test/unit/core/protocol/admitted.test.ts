import fc from "fast-check";

import { formatRule } from "../../../../core/access/index.js";
import {
    isNarrower,
    isOfRule,
    narrowing,
    admittedNow,
    parseAdmittedPeers,
    renderAdmitted,
    renderAdmittedElements,
    renderAdmittedPeers,
    renderAdmittedRules,
    renderAdmittedServices,
    type Admitted,
} from "../../../../core/protocol/admitted.js";
import { renderTerms, type RuleTerms } from "../../../../core/access/terms.js";
import type { AccessRule, RegistryPeer } from "../../../../core/registry/model.js";

const NAMES = ["alice", "bob", "carol", "nas"];
const KEYS = NAMES.concat("other").map((name) => Buffer.from(name.padEnd(32, ".")).toString("base64"));

const ports = fc.oneof(
    fc.constantFrom({ protocol: "icmp" } as const, { protocol: "all" } as const),
    fc
        .tuple(fc.constantFrom("tcp", "udp"), fc.integer({ min: 20, max: 30 }), fc.integer({ min: 0, max: 5 }))
        .map(([protocol, first, more]) => ({ protocol, first, last: first + more }) as const),
);
const rule: fc.Arbitrary<AccessRule> = fc.record({
    from: fc.constantFrom("10.8.0.2", "10.8.0.3", "192.168.7.0/24"),
    to: fc.constantFrom("10.8.0.1", "10.8.0.4", "192.168.8.0/24"),
    ports,
});
const peer = fc
    .record({ key: fc.option(fc.constantFrom(...KEYS)), epoch: fc.integer({ min: 1, max: 2 }), routes: fc.boolean() })
    .map(({ key, epoch, routes }) => ({
        ...(key === null ? {} : { publicKey: key }),
        ...(epoch === 1 ? {} : { keyEpoch: epoch }),
        ...(routes ? { routes: ["192.168.7.0/24"] } : {}),
    }));
const admitted: fc.Arbitrary<Admitted> = fc
    .record({
        peers: fc.dictionary(fc.constantFrom(...NAMES), peer),
        rules: fc.array(rule, { maxLength: 6 }),
        services: fc.dictionary(fc.constantFrom("wiki", "notes"), fc.integer({ min: 8443, max: 8444 })),
        keyOverlap: fc.constantFrom(0, 3600),
    })
    .map(({ peers, rules, services, keyOverlap }) => ({
        peers: renderAdmittedPeers(
            Object.fromEntries(
                Object.entries(peers).map(([name, each]): [string, RegistryPeer] => [
                    name,
                    { address: `10.8.0.${2 + NAMES.indexOf(name)}`, ...each },
                ]),
            ),
        ),
        rules: renderAdmittedRules({ all: rules.map(formatRule) }),
        services: renderAdmittedServices(
            Object.fromEntries(Object.entries(services).map(([name, port]) => [name, { port }])),
        ),
        ...(keyOverlap === 0 ? {} : { keyOverlap }),
    }));

it("nothing goes from a program to itself, nor when only more is listed", () => {
    fc.assert(
        fc.property(admitted, rule, (now, more) => {
            expect(isNarrower(now, now)).toBe(false);
            expect(isNarrower(undefined, now)).toBe(false);
            const wider = {
                ...now,
                rules: `${now.rules}${formatRule(more)}\n`,
                services: `${now.services}more 9000\n`,
            };
            expect(isNarrower(now, wider)).toBe(false);
        }),
    );
});

it("every name, rule and service that the next program lacks goes, and no other", () => {
    fc.assert(
        fc.property(admitted, admitted, (then, now) => {
            const gone = narrowing(then, now);
            const [before, after] = [then, now].map(({ peers }) => parseAdmittedPeers(peers));
            const keys = new Set(after!.map(({ publicKey }) => publicKey));
            const missing = before!.filter(
                ({ name, publicKey }) =>
                    !after!.some((each) => each.name === name) && (publicKey === undefined || !keys.has(publicKey)),
            );
            expect(gone.peers.map(({ name }) => name)).toEqual(missing.map(({ name }) => name));
            const lines = (text: string): string[] => text.split("\n").filter(Boolean);
            expect(gone.rules).toEqual(lines(then.rules).filter((each) => !lines(now.rules).includes(each)));
            expect(gone.services).toEqual(lines(then.services).filter((each) => !lines(now.services).includes(each)));
        }),
    );
});

it("every element belongs to a rule that it was made of", () => {
    fc.assert(
        fc.property(fc.array(rule, { minLength: 1, maxLength: 6 }), (rules) => {
            const all = { peers: "", services: "", rules: renderAdmittedRules({ all: rules.map(formatRule) }) };
            for (const element of renderAdmittedElements(all).split("\n").filter(Boolean))
                expect(rules.some((each) => isOfRule(element, each))).toBe(true);
        }),
    );
});

describe("access that ends", () => {
    const [SSH, WEB] = ["10.8.0.2 -> 10.8.0.4 tcp/22", "10.8.0.2 -> 10.8.0.4 tcp/80"];
    const told = (rules: string[], terms?: object): Admitted => ({
        ...{ peers: "", services: "", rules: renderAdmittedRules({ all: rules }) },
        ...(terms === undefined ? {} : { terms: renderTerms(terms as RuleTerms) }),
    });
    const until = "2027-01-01T00:00:00Z";
    const ending = told([SSH, WEB], { [SSH]: { until } });
    const elements = ["acl4 10.8.0.2 . 10.8.0.4 . tcp . 80", "acl4_until 10.8.0.2 . 10.8.0.4 . tcp . 22"];

    it("keeps the element that it has until it has the other one", () => {
        expect(renderAdmittedElements(ending).trimEnd().split("\n")).toEqual(elements);
        const endless = told([SSH, WEB]);
        const both = ["acl4 10.8.0.2 . 10.8.0.4 . tcp . 22", ...elements];
        expect(renderAdmittedElements(endless, ending).trimEnd().split("\n").sort()).toEqual(both);
        expect(renderAdmittedElements(ending, endless).trimEnd().split("\n").sort()).toEqual(both);
        expect(renderAdmittedElements(told([WEB]), ending)).not.toContain(". 22");
    });

    it("is no longer told once it has ended", () => {
        expect(admittedNow(ending, new Date(Date.parse(until) - 1))).toEqual(ending);
        expect(admittedNow(ending, new Date(until))).toEqual(told([WEB], {}));
        expect(admittedNow(told([SSH]), new Date(until))).toEqual(told([SSH]));
    });
});

const of = (peers: Record<string, RegistryPeer>, more: Partial<Admitted> = {}): Admitted => ({
    peers: renderAdmittedPeers(peers),
    rules: "",
    services: "",
    ...more,
});
const nas = { address: "10.8.0.5" };

it("a generated key stays under its name, and under the next one of the same address", () => {
    expect(renderAdmitted(of({ nas }), of({ nas }))).toBe("nas\t-\t10.8.0.5/32\town\n");
    expect(isNarrower(of({ nas }), of({ disk: nas }))).toBe(false);
    expect(renderAdmitted(of({ nas }), of({ disk: nas }))).toBe(
        "disk\t-\t10.8.0.5/32\town\nnas\t-\t10.8.0.5/32\town\n",
    );
    expect(narrowing(of({ nas }), of({})).peers).toMatchObject([{ name: "nas" }]);
});

it("a replaced key goes at once, unless it works beside the new one for a while", () => {
    const next = of({ nas: { ...nas, keyEpoch: 2 } });
    expect(narrowing(of({ nas }), next).rekeyed).toMatchObject([{ name: "nas" }]);
    expect(renderAdmitted(of({ nas }), next)).toBe("nas\t-\t10.8.0.5/32\t-\n");
    const overlapping = { ...next, keyOverlap: 3600 };
    expect(isNarrower(of({ nas }), overlapping)).toBe(false);
    expect(renderAdmitted(of({ nas }), overlapping)).toBe("nas\t-\t10.8.0.5/32\town\n");
    const [first, second] = [
        of({ nas: { ...nas, publicKey: KEYS[0]! } }),
        of({ nas: { ...nas, publicKey: KEYS[1]! } }),
    ];
    expect(narrowing(first, second).rekeyed).toMatchObject([{ publicKey: KEYS[0] }]);
});
