import { parseTable } from "../../../../core/nftables/index.js";

describe("parseTable", () => {
    it("knows protocols by their numbers, which nft prints where there is no /etc/protocols", () => {
        const elem = [6, 17, "tcp"].map((protocol, index) => ({
            concat: ["10.8.0.2", `10.8.0.${index + 3}`, protocol, 17],
        }));
        const table = { family: "inet", name: "qp", handle: 1 };
        const parsed = parseTable({
            nftables: [{ table }, { set: { family: "inet", name: "acl4", table: "qp", elem } }],
        });
        expect(parsed!.sets.acl4).toEqual([
            "10.8.0.2 . 10.8.0.3 . tcp . 17",
            "10.8.0.2 . 10.8.0.4 . udp . 17",
            "10.8.0.2 . 10.8.0.5 . tcp . 17",
        ]);
    });

    // As nft 1.0.6 prints it.
    const json = (packets: number, handle: number): unknown => ({
        nftables: [
            { metainfo: { version: "1.0.6", release_name: "Lester Gooch #5", json_schema_version: 1 } },
            { table: { family: "inet", name: "qp", handle } },
            { set: { family: "inet", name: "ours", table: "qp", type: "ifname", handle: 1, elem: ["wg1", "wg0"] } },
            {
                set: {
                    family: "inet",
                    name: "net4",
                    table: "qp",
                    type: ["ipv4_addr", "ipv4_addr", "inet_proto", "inet_service"],
                    handle: 2,
                    flags: ["interval"],
                    elem: [
                        { concat: ["10.8.0.3", { prefix: { addr: "192.168.7.0", len: 24 } }, "tcp", 443] },
                        {
                            elem: {
                                val: { concat: ["10.8.0.2", "10.8.0.4", "udp", { range: [20, 30] }] },
                                comment: "x",
                            },
                        },
                    ],
                },
            },
            { set: { family: "inet", name: "acl4", table: "qp", type: ["ipv4_addr", "ipv4_addr"], handle: 3 } },
            {
                set: {
                    family: "inet",
                    name: "seen4",
                    table: "qp",
                    type: "ipv4_addr",
                    handle: 4,
                    size: 65536,
                    flags: ["timeout"],
                    timeout: 10,
                    ...(packets === 0 ? {} : { elem: [{ elem: { val: "10.8.0.2", expires: 9 } }] }),
                },
            },
            {
                chain: {
                    family: "inet",
                    table: "qp",
                    name: "guard",
                    handle,
                    type: "filter",
                    hook: "prerouting",
                    prio: -290,
                    policy: "accept",
                },
            },
            { chain: { family: "inet", table: "qp", name: "plain", handle } },
            {
                rule: {
                    family: "inet",
                    table: "qp",
                    chain: "guard",
                    handle,
                    expr: [
                        {
                            match: {
                                op: "==",
                                left: { payload: { protocol: "ip", field: "saddr" } },
                                right: { prefix: { addr: "10.8.0.0", len: 24 } },
                            },
                        },
                        { counter: { packets, bytes: packets * 84 } },
                        { drop: null },
                    ],
                },
            },
            {
                rule: {
                    family: "inet",
                    table: "qp",
                    chain: "guard",
                    handle,
                    expr: [
                        { match: { op: "!=", left: { meta: { key: "iifname" } }, right: "@ours" } },
                        {
                            set: {
                                op: "update",
                                elem: { payload: { protocol: "ip", field: "saddr" } },
                                set: "@seen4",
                            },
                        },
                        { jump: { target: "plain" } },
                    ],
                },
            },
        ],
    });

    test("rules as text, elements as elementsOf writes them", () => {
        expect(parseTable(json(0, 7))).toEqual({
            chains: {
                guard: [
                    "type filter hook prerouting priority -290 policy accept",
                    "ip saddr 10.8.0.0/24 counter drop",
                    'iifname != @ours update @seen4 { ip saddr } {"jump":{"target":"plain"}}',
                ],
                plain: ["no hook"],
            },
            definitions: {
                acl4: "type ipv4_addr . ipv4_addr",
                net4: "type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval",
                ours: "type ifname",
                seen4: "type ipv4_addr; size 65536; timeout 10; flags timeout",
            },
            flagged: false,
            others: [],
            sets: {
                acl4: [],
                net4: ["10.8.0.2 . 10.8.0.4 . udp . 20-30", "10.8.0.3 . 192.168.7.0/24 . tcp . 443"],
                ours: ["wg0", "wg1"],
            },
        });
    });

    test("what changes by itself is not seen", () => {
        expect(parseTable(json(12, 9))).toEqual(parseTable(json(0, 7)));
    });

    test.each([[{ nftables: [{ metainfo: {} }] }], [{}], [null], ["text"]])("no table in %j", (json) => {
        expect(parseTable(json)).toBeUndefined();
    });
});
