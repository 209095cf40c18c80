import * as fc from "fast-check";

import type { Access } from "../../core/access/index.js";
import { rightsOf } from "../../core/access/rights.js";
import { familyOf } from "../../core/addresses/index.js";
import { allowedBy, pings, Program } from "../../core/flows/allowed.js";
import { compare, type Declared, type Difference, type Live } from "../../core/flows/index.js";
import { fromAllowedIps } from "../../core/wireguard/index.js";
import type { Fate, SentPacket } from "../lab/packets.js";
import { anyAccess, BEHIND, type Name, TEAM } from "../unit/core/flows/programs.js";
import { boxOf, type Forecast, Forecaster } from "./forecast.js";
import { anyRuleInOwn, anyTable, tableText } from "./handmade.js";
import { again, exampleOf, isOther, packetsFor } from "./questions.js";
import { HOSTS_BEHIND, MACHINE, RealRelay, RELAY_AT, WIREGUARD_PORT } from "./realRelay.js";

// What a program allows, what is computed from the relay's rules, and what packets do that go through real WireGuard.

jest.setTimeout(3_600_000);

/** Programs that are tried: some ordinarily. */
const RUNS = Number(process.env["FLOWS_RUNS"] ?? (process.env["SLOW"] === "1" ? 200 : 4));

let relay: RealRelay;
beforeAll(async () => (relay = await RealRelay.create("flows")));
afterAll(() => relay?.close());

/** Each program's packets have a source port of their own, so that no connection of an earlier one is theirs. */
let programs = 0;
const nextPort = (): number => 20_000 + (programs++ % 30_000);

interface Question {
    packet: SentPacket;
    part: "new" | "established";
}

/** Sends packets; what should have arrived and did not is sent again, because a busy machine loses some. */
function fatesOf(questions: readonly Question[], forecasts: readonly Forecast[]): Fate[] {
    const fates = relay.send(
        questions.map(({ packet }) => packet),
        0.25,
    );
    for (let attempt = 0; attempt < 3; attempt++) {
        const lost = forecasts.flatMap(({ arrived, answered }, index) => {
            const fate = fates[index]!;
            const isLost = (arrived === true && fate.arrived.length === 0) || (answered === true && fate.answered.length === 0);
            return isLost ? [index] : [];
        }); // prettier-ignore
        if (lost.length === 0) break;
        const repeated = relay.send(
            lost.map((index) => questions[index]!.packet),
            1,
        );
        for (const [at, { arrived, answered }] of repeated.entries()) {
            const fate = fates[lost[at]!]!;
            fates[lost[at]!] = {
                arrived: [...new Set([...fate.arrived, ...arrived])],
                answered: [...new Set([...fate.answered, ...answered])],
            };
        }
    }
    return fates;
}

function text({ packet: { from, src, dst, proto, sport, dport }, part }: Question): string {
    return `${part} ${from}: ${src} > ${dst} protocol ${proto} ${sport} > ${dport}`;
}

/** Where packets did not do what was computed. */
function surprises(questions: readonly Question[], forecasts: readonly Forecast[], fates: readonly Fate[]): string[] {
    return questions.flatMap((question, index) => {
        const { arrived, at, answered } = forecasts[index]!;
        const fate = fates[index]!;
        const isThere = at === undefined ? fate.arrived.length > 0 : fate.arrived.join() === at;
        const same = [
            arrived === undefined || (arrived ? isThere : fate.arrived.length === 0),
            answered === undefined || answered === fate.answered.length > 0,
        ];
        if (same.every(Boolean)) return [];
        return [`${text(question)}: computed ${JSON.stringify(forecasts[index])}, seen ${JSON.stringify(fate)}`];
    });
}

/** Where packets did not do what the program allows. */
function violations(access: Access, questions: readonly Question[], fates: readonly Fate[]): string[] {
    const program = programOf(access);
    return questions.flatMap((question, index) => {
        const { packet } = question;
        const { from, src, dst } = packet;
        // What the relay itself sends leaves, and what it may ask gets answers.
        if (dst === MACHINE || (from === "relay" && isOther(packet))) return [];
        const isOwn = from === "relay" || (from in access.peers && relay.hosts[from]!.own.includes(src));
        const allowed = isOwn && program.allows(familyOf(src), boxOf(packet)) !== undefined;
        const { arrived, answered } = fates[index]!;
        const seen = from === "relay" ? answered.length > 0 : arrived.length > 0;
        return seen === allowed ? [] : [`${text(question)}: allowed ${allowed}, seen ${seen}`];
    });
}

function declaredBy(access: Access): Declared {
    const peers = Object.entries(access.peers);
    return {
        rights: rightsOf(access),
        addresses: {
            "(relay)": Object.values(RELAY_AT),
            ...Object.fromEntries(peers.map(([name]) => [name, Object.values(TEAM[name as Name])])),
        },
        routes: Object.fromEntries(peers.map(([name, { routes = [] }]) => [name, routes])),
    };
}

function programOf(access: Access): Program {
    const { rights, addresses, routes } = declaredBy(access);
    const { "(relay)": own = [], ...peers } = addresses;
    const inside = [...Object.values(peers), ...Object.values(routes)].flat();
    return new Program([...allowedBy(rights, addresses), ...pings(own, inside)]);
}

it("rights, evaluator and packets agree on any program, and on connections from before it", () => {
    /** Flows that the last program allowed, as far as connection tracking remembers them. */
    let before: SentPacket[] = [];
    fc.assert(
        fc.property(anyAccess, (access) => {
            const live = relay.apply(access)!;
            expect(compare(declaredBy(access), live)).toEqual([]);
            const fresh = packetsFor(access, nextPort()).map((packet): Question => ({ packet, part: "new" }));
            const old = before.map((packet): Question => ({ packet: again(packet), part: "established" }));
            const questions = [...old, ...fresh];
            const forecaster = new Forecaster(relay, live);
            const forecasts = questions.map(({ packet, part }) => forecaster.of(packet, part));
            const fates = fatesOf(questions, forecasts);
            expect(surprises(questions, forecasts, fates)).toEqual([]);
            expect(violations(access, questions, fates)).toEqual([]);
            before = fresh.flatMap(({ packet }, index) => {
                const { answered } = fates[old.length + index]!;
                return answered.length > 0 && isRemembered(packet) ? [packet] : [];
            });
        }),
        { numRuns: RUNS },
    );
});

/** TCP is answered with a reset, and pings to the relay are not tracked. */
function isRemembered({ proto, dst }: SentPacket): boolean {
    return proto !== 6 && !Object.values(RELAY_AT).includes(dst);
}

/** Everybody is listed, so that a translated address has an owner. */
const anyFull = anyAccess.map((access): Access => {
    const everybody = Object.entries(TEAM).map(([name, peer]) => [name, { ...peer, routes: routesOf(name as Name) }]);
    return { ...access, peers: Object.fromEntries(everybody) as Access["peers"] };
});

function routesOf(name: Name): string[] {
    return [BEHIND[name] ?? []].flat();
}

/** What somebody else has in place of her address. */
const anyMisowned = fc.constantFrom<Partial<Record<string, string[]>>>(
    ...[{}, {}],
    { alice: [`${TEAM.alice.address6}/128`], bob: [...fromAllowedIps(TEAM.bob), `${TEAM.alice.address}/32`] },
    { bob: [...fromAllowedIps(TEAM.bob), `${HOSTS_BEHIND.nas}/32`] },
);

/** Rules for nft in the words of this laboratory; what carries the tunnel itself passes. */
function byHand(rules: [chain: string, text: string][], other: Parameters<typeof tableText>[0] | null): string {
    const carrier = `iifname "wan" udp dport ${WIREGUARD_PORT} accept`;
    const own = [...rules, ...["guard", "input"].map((chain) => [chain, carrier] as const)];
    return [
        ...own.map(([chain, rule]) => `insert rule inet TABLE ${chain} ${rule}\n`),
        other === null ? "" : tableText({ ...other, rules: [carrier, ...other.rules] }),
    ]
        .join("")
        .replaceAll('"wg0"', `"${relay.device}"`)
        .replaceAll('"wg*"', `"${relay.device.slice(0, 3)}*"`)
        .replaceAll('"eth0"', '"wan"')
        .replaceAll("198.51.100.2", MACHINE);
}

it("evaluator and packets agree on a relay that was changed by hand, and its examples do what it says", () => {
    let undecided = 0;
    let asked = 0;
    fc.assert(
        fc.property(anyFull, fc.array(anyRuleInOwn, { maxLength: 3 }), fc.option(anyTable), anyMisowned, (access, rules, other, ips) => {
            const live = relay.apply(access, byHand(rules, other), ips);
            fc.pre(live !== undefined);
            const shown = examples(access, live, nextPort());
            const packets = [...shown.map(({ packet }) => packet), ...packetsFor(access, nextPort())];
            const questions = packets.map((packet): Question => ({ packet, part: "new" }));
            const forecaster = new Forecaster(relay, live);
            const forecasts = questions.map(({ packet }) => forecaster.of(packet));
            const fates = fatesOf(questions, forecasts);
            expect(surprises(questions, forecasts, fates)).toEqual([]);
            const wrong = shown.flatMap((each, index) => contradiction(each, fates[index]!, forecasts[index]!));
            expect(wrong).toEqual([]);
            undecided += forecasts.filter(({ arrived }) => arrived === undefined).length;
            asked += questions.length;
        }),
        { numRuns: RUNS },
    ); // prettier-ignore
    expect(undecided).toBeLessThan(asked / 4);
});

interface Example {
    difference: Difference;
    packet: SentPacket;
}

const MOST_EXAMPLES = 60;

/** Packets of the differences that a comparison finds, each once. */
function examples(access: Access, live: Live, sport: number): Example[] {
    const found = compare(declaredBy(access), live).flatMap((difference): [string, Example][] => {
        const packet = exampleOf(difference, sport, live.wire);
        return packet === undefined ? [] : [[JSON.stringify({ ...packet, id: 0 }), { difference, packet }]];
    });
    return [...new Map(found).values()].slice(0, MOST_EXAMPLES);
}

/** Where an example is none. */
function contradiction({ difference: { kind, part }, packet }: Example, fate: Fate, { at }: Forecast): string[] {
    const seen = part === "new" ? fate.arrived : fate.answered;
    // Who has the address on the wire alone has nothing to answer with.
    const isSilent = at === undefined || (at !== "relay" && !relay.hosts[at]!.own.includes(packet.dst));
    if (part === "reply" && isSilent) return [];
    const isRight = kind === "undecided" || isOther(packet) || seen.length > 0 === (kind === "extra");
    return isRight ? [] : [`${text({ packet, part: "new" })}: ${kind} ${part}, seen ${JSON.stringify(seen)}`];
}
