import { between } from "../../../../core/flows/cells.js";
import { Hooks } from "../../../../core/flows/hooks.js";
import type { Box } from "../../../../core/flows/packet.js";
import { type Destination, type Part, Paths, type Source } from "../../../../core/flows/path.js";
import { rangeFor } from "../../../../core/flows/wire.js";
import { ACCEPT, ACCESS, DROP, liveOf, meta, payload, relayTable, rule, wireOf } from "./relays.js";

const { ruleset, wire } = liveOf(relayTable(ACCESS), wireOf(ACCESS));
const paths = new Paths(new Hooks(ruleset), wire);
const [TCP] = between(rangeFor("10.8.0.2"), rangeFor("10.8.0.4"), 4) as [Box];
const WG: Source & Destination = { interface: "wg0" };

/** The same relay with a chain of another table. */
function beside(chain: object, ...rules: object[][]): Paths {
    const place = { family: "inet", table: "hand", chain: "c" };
    const objects = [
        { chain: { ...place, name: "c", type: "filter", policy: "accept", ...chain } },
        ...rules.map((expr) => rule("c", expr, place)),
    ];
    const live = liveOf([...relayTable(ACCESS), ...objects], wireOf(ACCESS));
    return new Paths(new Hooks(live.ruleset), live.wire);
}

function passes(
    part: Part,
    box: Partial<Record<"saddr" | "daddr", string>> & { dport: number; sport?: number; proto?: number; type?: number },
    source: Source = WG,
    destination: Destination = WG,
    through = paths,
) {
    const { saddr = "10.8.0.2", daddr = "10.8.0.4", dport, sport = 40_000, proto = 6, type = 0 } = box;
    const ports = { sport: [sport, sport], dport: [dport, dport], proto: [proto, proto], type: [type, type] } as const;
    const whole: Box = { ...TCP, saddr: rangeFor(saddr), daddr: rangeFor(daddr), ...ports };
    return through.passed({ family: 4, source, destination, box: whole }, part).passes;
}

it("of a grant the first packet passes, later ones, and the answers", () => {
    const parts = ["new", "established", "reply"] as const;
    expect(parts.map((part) => passes(part, { dport: 22 }))).toEqual([true, true, true]);
    expect(parts.map((part) => passes(part, { dport: 23 }))).toEqual([false, false, false]);
});

it("of a service on the relay, and of what its proxy asks, as well", () => {
    const relay = { relay: true } as const;
    const web = { daddr: "10.8.0.1", dport: 8443 };
    expect([passes("new", web, WG, relay), passes("reply", web, WG, relay)]).toEqual([true, true]);
    expect(passes("new", { ...web, saddr: "10.8.0.3" }, WG, relay)).toBe(false);
    const asked = { saddr: "10.8.0.1", dport: 3000 };
    expect([passes("new", asked, relay), passes("reply", asked, relay)]).toEqual([true, true]);
    expect([
        passes("new", { ...asked, dport: 3001 }, relay),
        passes("reply", { ...asked, dport: 3001 }, relay),
    ]).toEqual([true, false]);
});

it("of a ping to the relay, which is not tracked, and of one from it", () => {
    const ping = { dport: 0, proto: 1, type: 8 };
    const relay = { relay: true } as const;
    expect(passes("reply", { ...ping, saddr: "10.8.0.3", daddr: "10.8.0.1" }, WG, relay)).toBe(true);
    expect(passes("reply", { ...ping, saddr: "10.8.0.1" }, relay)).toBe(true);
});

it("to a network behind the relay with the relay's address, and the answer back", () => {
    const lan = { daddr: "192.168.50.10", dport: 80 };
    const through = { interface: "lan" };
    expect([passes("new", lan, WG, through), passes("reply", lan, WG, through)]).toEqual([true, true]);
    expect(passes("new", { ...lan, saddr: "10.8.0.3" }, WG, through)).toBe(false);
});

it("and of nothing from outside", () => {
    const eth0 = { interface: "eth0" };
    expect(passes("new", { saddr: "198.51.100.66", dport: 22 }, eth0)).toBe(false);
    expect(passes("new", { dport: 22 }, eth0)).toBe(false);
});

it("back to the relay's address in a network behind it, before the answer is translated", () => {
    const lan = { daddr: "192.168.50.10", dport: 80 };
    const through = { interface: "lan" };
    const reply = (chain: object, ...rules: object[][]): unknown =>
        passes("reply", lan, WG, through, beside({ hook: "prerouting", prio: -150, ...chain }, ...rules));
    expect(reply({ policy: "drop" }, [meta("iifname", "wg0"), ACCEPT])).toBe(false);
    const to = (address: string): object[] => [meta("iifname", "lan"), payload("ip", "daddr", address), DROP];
    // It is not known which address the relay has there, but that it is none of the tunnel.
    expect([reply({}, to("10.8.0.2")), reply({ prio: -90 }, to("10.8.0.2"))]).toEqual([true, false]);
    expect([reply({}, to("192.168.50.1")), reply({ prio: -90 }, to("192.168.50.1"))]).toEqual([undefined, true]);
});

it("where no interface is, has none of its names", () => {
    const relay = { relay: true } as const;
    const own = { saddr: "10.8.0.1", dport: 3000 };
    const sent = (op: string): unknown =>
        passes("new", own, relay, WG, beside({ hook: "output", prio: 5 }, [meta("iifname", "eth0", op), DROP]));
    expect([sent("=="), sent("!=")]).toEqual([true, false]);
});
