import { type Family, familyOf } from "../addresses/index.js";
import type { Right } from "../access/rights.js";
import { type Allowed, allowedBy, pings, Program } from "./allowed.js";
import { between, type Cell, cellsOf } from "./cells.js";
import { Hooks } from "./hooks.js";
import { attempted, type Box, disjoint, isWithin, merged, mirror, mirroredSplit, type Range, Split } from "./packet.js";
import { type Destination, type Flow, type Part, type Passed, Paths, type Source } from "./path.js";
import type { Ruleset } from "./ruleset.js";
import { misowned, type Owned, ownedBy, rangeFor, remaining, routable, type Wire, type WirePeer } from "./wire.js";

/** A relay as its program declares it. */
export interface Declared {
    rights: readonly Right[];
    /** Addresses of each peer, and of `(relay)`. */
    addresses: Readonly<Record<string, readonly string[]>>;
    /** Networks behind each peer, CIDR. */
    routes: Readonly<Record<string, readonly string[]>>;
}

/** A relay as it is. */
export interface Live {
    ruleset: Ruleset;
    wire: Wire;
    /** Interfaces of the machine that are not the relay's, as far as rules name them; one more is always tried. */
    others: readonly string[];
    /** Those of them that lead to networks behind the relay; empty when that is not known. */
    behind: readonly string[];
}

/**
 * `extra`: packets that pass although the program does not allow them. `missing`: what the program allows and does not pass.
 * `undecided`: it depends on a rule that is not understood.
 */
export type DifferenceKind = "extra" | "missing" | "undecided";

/** Packets that are treated alike, and not as the program says. */
export interface Difference {
    kind: DifferenceKind;
    /** Which packets of the flow pass, or do not. */
    part: Part;
    flow: Flow;
    /** What decides about them on the wire. */
    passed: Passed;
    /** What allows them in the program. */
    right?: Right;
    /** Where one of the addresses is not its owner's in the program. */
    misowned?: Owned;
}

/** An interface that no rule names. */
export const ANY_OTHER = "(any other)";

/** Where the program and the wire differ: every packet is compared that a peer, the relay or a host outside can begin a connection with. */
export function compare(declared: Declared, live: Live): Difference[] {
    return ([4, 6] as const).flatMap((family) => new Comparison(declared, live, family).differences());
}

/** A right with an end that does not belong to any peer on the wire. */
export interface Unowned {
    right: Right;
    address: string;
}

/** Rights whose source or destination no peer on the interface has among its allowed IPs. */
export function unownedRights({ rights, addresses, routes }: Declared, { wire }: Live): Unowned[] {
    const inside = Object.entries(addresses).flatMap(([name, own]) =>
        name.startsWith("(")
            ? []
            : [
                  ...own.map((address) => [name, address] as const),
                  ...(routes[name] ?? []).map((route) => [route, route] as const),
              ],
    );
    const owned = { 4: ownedBy(wire.peers, 4), 6: ownedBy(wire.peers, 6) };
    const missing = inside.filter(([, address]) => {
        const range = rangeFor(address);
        const there = merged(owned[familyOf(address)].map((each) => each.range));
        return !there.some((each) => isWithin(range, each));
    });
    return missing.flatMap(([end, address]) =>
        rights.filter(({ from, to }) => from === end || to === end).map((right) => ({ right, address })),
    );
}

/** Sources and destinations of one kind. */
interface Sides {
    source: Source;
    sources: readonly Range[];
    destination: Destination;
    destinations: readonly Range[];
    /** Of what goes to the machine itself only what is translated on its way counts. */
    translatedOnly?: boolean;
}

class Comparison {
    private readonly paths: Paths;
    private readonly program: Program;
    private readonly own: Range[];
    private readonly owned: Owned[];
    private readonly foreign: Owned[];

    constructor(
        declared: Declared,
        private readonly live: Live,
        private readonly family: Family,
    ) {
        const { wire, ruleset } = live;
        this.paths = new Paths(new Hooks(ruleset), wire);
        const allIps = Object.entries(declared.addresses).flatMap(([name, all]) => (name.startsWith("(") ? [] : all));
        const routes = Object.values(declared.routes).flat();
        const allowed = [...allowedBy(declared.rights, declared.addresses), ...pings(wire.own, [...allIps, ...routes])];
        this.program = new Program(allowed.filter((each) => each.family === family));
        this.own = wire.own.filter((each) => familyOf(each) === family).map(rangeFor);
        this.owned = ownedBy(wire.peers, family);
        this.foreign = misowned(this.owned, ownedBy(asPeers(declared), family));
    }

    differences(): Difference[] {
        return this.sides().flatMap((sides) =>
            sides.sources.flatMap((saddr) =>
                sides.destinations.flatMap((daddr) =>
                    between(saddr, daddr, this.family).flatMap((box) => this.within(sides, box)),
                ),
            ),
        );
    }

    private sides(): Sides[] {
        const { interfaces, machine } = this.live.wire;
        const peers = (device: string): Range[] =>
            merged(this.owned.filter((each) => each.interface === device).map(({ range }) => range));
        const inside = [
            ...this.own,
            ...this.live.wire.subnets.filter((each) => familyOf(each) === this.family).map(rangeFor),
            ...this.owned.map(({ range }) => range),
        ];
        const outside = remaining(routable(this.family), inside);
        const known = machine.filter((each) => familyOf(each) === this.family).map(rangeFor);
        const others = [...new Set([...this.live.others, ANY_OTHER])];
        const own = { destination: { relay: true }, destinations: this.own } as const;
        const reached = { destination: { machine: true }, destinations: known.length > 0 ? known : outside } as const;
        const found: Sides[] = [];
        for (const device of interfaces) {
            const from = { source: { interface: device }, sources: peers(device) };
            found.push({ ...from, ...own }, { ...from, ...reached });
            for (const to of interfaces)
                found.push({ ...from, destination: { interface: to }, destinations: peers(to) });
            for (const to of others) found.push({ ...from, destination: { interface: to }, destinations: outside });
            found.push({
                ...{ source: { relay: true }, sources: this.own },
                ...{ destination: { interface: device }, destinations: peers(device) },
            });
        }
        if (this.owned.length === 0 && this.own.length === 0) return [];
        for (const device of others) {
            const from = { source: { interface: device }, sources: routable(this.family) };
            found.push({ ...from, ...own }, { ...from, ...reached, translatedOnly: true });
            for (const to of interfaces)
                found.push({ ...from, destination: { interface: to }, destinations: peers(to) });
        }
        return found;
    }

    private within(sides: Sides, box: Box): Difference[] {
        const { source, destination } = sides;
        const flowOf = (part: Box): Flow => ({ family: this.family, source, destination, box: part });
        return cellsOf(box, (part) => this.judge(sides, flowOf(part))).flatMap(
            ({ box: part, value }: Cell<Judgement | undefined>) =>
                value === undefined ? [] : [{ ...value, flow: flowOf(part) }],
        );
    }

    /** @throws Split where the packets part */
    private judge(sides: Sides, flow: Flow): Judgement | undefined {
        const { source, box, family } = flow;
        const isFromTunnel = !("interface" in source) || this.live.wire.interfaces.includes(source.interface);
        const foreign = isFromTunnel
            ? (strange(this.foreign, box, "saddr") ?? strange(this.foreign, box, "daddr"))
            : undefined;
        const allowed = isFromTunnel && foreign === undefined ? this.program.allows(family, box) : undefined;
        if (allowed !== undefined) return this.enforced(flow, allowed);
        if (isFromTunnel && this.isItself(box)) return undefined;
        const found = this.unallowed(flow, sides.translatedOnly === true);
        return found === undefined ? undefined : { ...found, ...(foreign === undefined ? {} : { misowned: foreign }) };
    }

    /** What is allowed passes, from the first packet of a connection to the last one, and so do the answers. */
    private enforced(flow: Flow, { right, daddr }: Allowed): Judgement | undefined {
        const { behind, wire } = this.live;
        const { destination } = flow;
        // Which interface leads to a network behind the relay the relay has recorded itself.
        const isOther = "interface" in destination && !wire.interfaces.includes(destination.interface);
        const leads = behind.length > 0 ? behind : [ANY_OTHER];
        if (isOther && !leads.includes(destination.interface)) return undefined;
        if ("machine" in destination && !this.own.some((own) => isWithin(daddr, own))) return undefined;
        for (const part of ["new", "established", "reply"] as const) {
            const passed = this.paths.passed(flow, part);
            if (passed.passes === true) continue;
            return { kind: passed.passes === false ? "missing" : "undecided", part, passed, right };
        }
        return undefined;
    }

    /** What is not allowed does not pass, whether a connection begins with it or it belongs to one from before. */
    private unallowed(flow: Flow, translatedOnly: boolean): Judgement | undefined {
        const isRelay = "relay" in flow.source;
        const isForwarded = "interface" in flow.destination;
        // What the relay itself sends is free to leave: answers are what it must not get.
        const parts: Part[] = isRelay
            ? ["reply"]
            : isForwarded
              ? ["new", "established", "reply"]
              : ["new", "established"];
        for (const part of parts) {
            const passed = this.paths.passed(flow, part);
            if (passed.passes === false) continue;
            if (translatedOnly && !this.entersTunnel(passed)) continue;
            // An answer whose direction is allowed as a question does not bypass the program.
            if (part === "reply" && this.isAllowedBack(flow)) continue;
            return { kind: passed.passes === true ? "extra" : "undecided", part, passed };
        }
        return undefined;
    }

    private isAllowedBack({ family, box }: Flow): boolean {
        const found = attempted(() => this.program.allows(family, mirror(box)));
        if (found instanceof Split) throw mirroredSplit(found);
        return found !== undefined;
    }

    private entersTunnel({ packets }: Passed): boolean {
        return packets.some(
            ({ natted, oif }) => natted && oif !== undefined && this.live.wire.interfaces.includes(oif),
        );
    }

    /** A peer that sends to an address of its own. */
    private isItself({ saddr, daddr }: Box): boolean {
        const [from, to] = [saddr, daddr].map(
            (range) => this.owned.find((owned) => isWithin(range, owned.range))?.name,
        );
        return from !== undefined && from === to;
    }
}

type Judgement = Omit<Difference, "flow">;

function asPeers({ addresses, routes }: Declared): WirePeer[] {
    return Object.entries(addresses)
        .filter(([name]) => !name.startsWith("("))
        .map(([name, own]) => ({ name, interface: "", allowedIps: [...own.map(single), ...(routes[name] ?? [])] }));
}

function single(address: string): string {
    return `${address}/${address.includes(":") ? 128 : 32}`;
}

/** @throws Split where it is true of a part of the addresses only */
function strange(all: readonly Owned[], box: Box, dim: "saddr" | "daddr"): Owned | undefined {
    return all.find(({ range }) => {
        if (disjoint(box[dim], range)) return false;
        if (isWithin(box[dim], range)) return true;
        throw new Split(dim, range);
    });
}
