import { readFirewall } from "../../../../../providers/resources/firewall/inputs.js";
import { PLACE } from "../relays.js";
import { storeDrift } from "../../../../../core/drift.js";
import { parseTable } from "../../../../../core/nftables/index.js";
import { expectedTable, tableDrift } from "../../../../../providers/resources/firewall/drift.js";

const set = (name: string, more: object = {}) => ({ set: { family: "inet", table: "qp", name, handle: 1, ...more } });
const NETWORK = { subnet: "10.8.0.0/24", address: "10.8.0.1", routes: [] };
const OURS = { type: "ifname", elem: ["wg0"] };
const ACL = { type: ["ipv4_addr", "ipv4_addr"] };

function drift(objects: object[], flags?: string, guarded?: string): Record<string, string> {
    const healthy = [set("ours", OURS), set("acl4", ACL)];
    const parse = (list: object[], table: object) => parseTable({ nftables: [{ table }, ...list] })!;
    const { chains, definitions } = parse(healthy, {});
    const answer = guarded === undefined ? {} : { guarded };
    const expected = expectedTable(
        readFirewall({ ...PLACE, ...NETWORK, interfaces: ["wg0"] }),
        { chains, sets: definitions },
        answer,
    );
    return storeDrift(tableDrift("qp", expected, parse(objects, flags === undefined ? {} : { flags })));
}

test("a table as it was loaded", () => {
    expect(drift([set("ours", OURS), set("acl4", ACL)])).toEqual({});
    // A second interface of the relay, while its key is rotated.
    expect(
        drift([set("ours", { ...OURS, elem: ["wg0", "wg0b"] }), set("acl4", ACL)], undefined, "wg0\nwg0b\n"),
    ).toEqual({});
});

test("a dormant table, interfaces that are missing or too many, sets that differ, other objects", () => {
    const objects = [
        set("ours", { type: "ifname", elem: ["eth0"] }),
        set("acl4", { ...ACL, flags: ["constant"] }),
        set("more", { type: "mark" }),
        { counter: { family: "inet", table: "qp", name: "x", packets: 0 } },
    ];
    expect(drift(objects, "set")).toEqual({
        "table flags":
            "the nftables table inet qp is dormant and filters nothing; `pulumi up --refresh` loads it again",
        "set acl4":
            "set acl4 of table qp was changed (type ipv4_addr . ipv4_addr; flags constant instead of type ipv4_addr . ipv4_addr); `pulumi up --refresh` loads it again",
        "set more": "set more of table qp is unknown; `pulumi up --refresh` removes it",
        "ours wg0":
            "wg0 is missing in the set ours of table qp: its peers have no access; `pulumi up --refresh` adds it",
        "ours eth0":
            "eth0 is in the set ours of table qp and is not an interface of this relay; `pulumi up --refresh` removes it",
        "counter x": "counter x of table qp is unknown; `pulumi up --refresh` removes it",
    });
});

test("the state of an older version has no sets to compare with", () => {
    const table = parseTable({ nftables: [{ table: {} }, set("ours", OURS)] })!;
    expect(tableDrift("qp", expectedTable(readFirewall({ ...PLACE, ...NETWORK }), { chains: {} }, {}), table)).toEqual(
        [],
    );
});
