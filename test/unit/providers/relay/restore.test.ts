import * as fc from "fast-check";
import { RelayFolder } from "./shell.js";

let relay: RelayFolder;
beforeEach(() => (relay = new RelayFolder()));
afterEach(() => relay.remove());

const LISTING = `table inet qp {
\tset ours {
\t\ttype ifname
\t\telements = { "wg0" }
\t}

\tset acl4 {
\t\ttype ipv4_addr . ipv4_addr . inet_proto . inet_service
\t\telements = { 10.8.0.3 . 10.8.0.1 . tcp . 8443,
\t\t\t     10.8.0.2 . 10.8.0.1 . tcp . 8443 timeout 1d expires 23h }
\t}

\tset seen4 {
\t\ttype ipv4_addr
\t\telements = { 10.8.0.9 expires 3s }
\t}

\tchain input {
\t\ttype filter hook input priority filter; policy accept;
\t\tiifname != @ours accept
\t\tcounter drop
\t}
}
`;
const LINES = [
    "e acl4 10.8.0.2 . 10.8.0.1 . tcp . 8443",
    "e acl4 10.8.0.3 . 10.8.0.1 . tcp . 8443",
    "s chain input",
    "s chain input 001 type filter hook input priority filter; policy accept;",
    "s chain input 002 iifname != @ours accept",
    "s chain input 003 counter drop",
    's ours "wg0"',
    "s set acl4",
    "s set acl4 001 type ipv4_addr . ipv4_addr . inet_proto . inet_service",
    "s set ours",
    "s set ours 001 type ifname",
    "s set seen4",
    "s set seen4 001 type ipv4_addr",
];

describe("a table, line by line", () => {
    const linesOf = (listing: string): string[] => {
        relay.write("listing", listing);
        return relay.run('table_lines <"$etc/../listing"').trim().split("\n");
    };

    it("is its chains, rules and sets in their order and its elements in none, without what changes by itself", () => {
        expect(linesOf(LISTING)).toEqual(LINES);
        const other = LISTING.replace("10.8.0.9 expires 3s", "10.8.0.7 expires 1s").replace(" expires 23h", "");
        expect(linesOf(other)).toEqual(LINES);
    });

    it("says that it is dormant, and what else is in it", () => {
        const listing = LISTING.replace(
            "{\n",
            "{\n\tflags dormant\n\n\tcounter more {\n\t\tpackets 0 bytes 0\n\t}\n\n",
        );
        const more = ["s counter more", "s counter more 001 packets 0 bytes 0", "s table 001 flags dormant"];
        expect(linesOf(listing).filter((line) => !LINES.includes(line))).toEqual(more);
    });
});

/** The files said one thing before and say another now; the kernel has one of both, or an update has begun to take elements away. */
const moment = fc
    .record({
        both: fc.uniqueArray(fc.nat(9), { maxLength: 4 }),
        before: fc.uniqueArray(fc.nat(9), { maxLength: 4 }),
        now: fc.uniqueArray(fc.nat(9), { maxLength: 4 }),
        live: fc.constantFrom("before", "now", "narrowed"),
        element: fc.nat(9),
    })
    .map(({ both, before, now, live, element }) => {
        const rules = ["s chain input", "s chain input 001 counter drop"];
        const table = (own: number[]): string[] =>
            [...new Set([...rules, ...[...both, ...own].map((number) => `e acl4 ${number}`)])].sort();
        const [former, wanted] = [table(before), table(now)];
        const kernel = live === "now" ? wanted : former;
        const left = live === "narrowed" ? kernel.filter((line) => line !== `e acl4 ${element}`) : kernel;
        return { former, wanted, live: left };
    });

type Moment = { former: string[]; wanted: string[]; live: string[] };

/** What is told of each of them; one program for all. */
function opened(moments: Moment[]): string[] {
    const text = (lines: string[]): string => lines.map((line) => `${line}\n`).join("");
    moments.forEach(({ former, wanted, live }, index) => {
        relay.write(`cases/${index}/guard.former`, text(former));
        relay.write(`cases/${index}/guard.table`, text(wanted));
        relay.write(`cases/${index}/guard.listed`, "");
        relay.write(`cases/${index}/table.live`, text([...live].sort()));
    });
    const script = `for number in {0..${moments.length - 1}}; do
        run="$etc/../cases/$number"; work=$run
        opened_lines | sed "s/^/$number /"
    done; work="$etc/../work"`;
    return relay.run(script).split("\n").filter(Boolean);
}

describe("while an update holds the lock", () => {
    const moments = fc.sample(moment, 60);

    it("nothing that an update leads to is opened", () => {
        expect(opened(moments)).toEqual([]);
    });

    it("a foreign element, a foreign rule and a rule that is gone are", () => {
        const changes: ((live: string[]) => string[])[] = [
            (live) => [...live, "e any4 0.0.0.0/0 . 0.0.0.0/0"],
            (live) => [...live, "s chain input 002 accept"],
            (live) => live.filter((line) => line !== "s chain input 001 counter drop"),
        ];
        const words = ["e any4 0.0.0.0/0 . 0.0.0.0/0", "s chain input 002 accept", "s chain input 001 counter drop"];
        const changed = moments.map((one, index) => ({ ...one, live: changes[index % 3]!(one.live) }));
        expect(opened(changed)).toEqual(moments.map((_, index) => `${index} ${words[index % 3]}`));
    });
});

describe("what was noted while another program held the lock", () => {
    it("gets into the journal, once, and no more than fills a disk", () => {
        relay.run("note guard_close reason=x; note guard_raise name=wg0");
        expect(relay.read("etc/journal")).toBeUndefined();
        relay.run("take_notes; take_notes");
        expect(relay.read("etc/journal")).toMatch(/^\d+\tguard_close\treason=x\n\d+\tguard_raise\tname=wg0\n$/);
        expect(relay.read("run/noted")).toBeUndefined();
        relay.write("etc/journal", "1\tpeer_expire\tname=a\n".repeat(1000));
        relay.run("locked=1; note guard_raise name=wg0; journal peer_expire name=b");
        expect(relay.read("etc/journal")!.trim().split("\n")).toHaveLength(1001);
    });
});
