import { conflicts } from "../../../../core/nftables/index.js";

describe("conflicts", () => {
    const OWN = { tables: ["qp"], interfaces: [] };
    const chain = (table: string, name: string, hook?: string, policy?: string, family = "ip") => ({
        chain: {
            family,
            table,
            name,
            handle: 1,
            ...(hook === undefined ? {} : { type: "filter", hook, prio: 0, policy }),
        },
    });
    const rule = (table: string, name: string, expr: unknown[], family = "ip") => ({
        rule: { family, table, chain: name, handle: 1, expr },
    });
    const iifname = (name: string) => ({ match: { op: "==", left: { meta: { key: "iifname" } }, right: name } });

    test("none where everybody accepts, other hooks and our own table aside", () => {
        const nftables = [
            chain("filter", "FORWARD", "forward", "accept"),
            chain("filter", "helper"),
            chain("qp", "forward", "forward", "drop", "inet"),
            chain("filter", "forward", "forward", "drop", "bridge"),
        ];
        expect(conflicts({ nftables }, OWN)).toEqual([]);
        expect(conflicts({}, OWN)).toEqual([]);
    });

    test("Docker", () => {
        const nftables = [chain("filter", "FORWARD", "forward", "drop"), chain("filter", "DOCKER-USER")];
        expect(conflicts({ nftables }, { ...OWN, interfaces: ["wg0"] })).toEqual([
            'table ip filter, chain FORWARD (hook forward) drops by policy what the relay\'s own table accepts; tell Docker: "iptables -I DOCKER-USER -i wg0 -j ACCEPT" and "iptables -I DOCKER-USER -o wg0 -j ACCEPT", and keep them over a reboot',
        ]);
    });

    test("ufw, both hooks", () => {
        const nftables = [
            chain("filter", "INPUT", "input", "drop"),
            chain("filter", "FORWARD", "forward", "drop"),
            chain("filter", "ufw-user-input"),
        ];
        expect(conflicts({ nftables }, { ...OWN, interfaces: ["wg0"] })).toEqual([
            'table ip filter, chain INPUT (hook input) drops by policy what the relay\'s own table accepts; tell ufw: "ufw allow in on wg0", and "ufw allow <listenPort>/udp" for the tunnel itself',
            'table ip filter, chain FORWARD (hook forward) drops by policy what the relay\'s own table accepts; tell ufw: "ufw route allow in on wg0" and "ufw route allow out on wg0"',
        ]);
    });

    test("firewalld, which ends its chains in a reject, until the interface is in its trusted zone", () => {
        const nftables = [
            chain("firewalld", "filter_FORWARD", "forward", "accept", "inet"),
            rule("firewalld", "filter_FORWARD", [{ reject: { type: "icmpx", expr: "admin-prohibited" } }], "inet"),
        ];
        expect(conflicts({ nftables }, { ...OWN, interfaces: ["wg0"] })).toEqual([
            'table inet firewalld, chain filter_FORWARD (hook forward) rejects at its end what the relay\'s own table accepts; tell firewalld: "firewall-cmd --permanent --zone=trusted --add-interface=wg0"',
        ]);
        const jump = rule("firewalld", "filter_FORWARD", [{ jump: { target: "filter_FORWARD_ZONES" } }], "inet");
        nftables.splice(1, 0, jump, chain("firewalld", "filter_FORWARD_ZONES", undefined, undefined, "inet"));
        nftables.push(
            chain("firewalld", "filter_FWD_trusted", undefined, undefined, "inet"),
            rule("firewalld", "filter_FWD_trusted", [{ accept: null }], "inet"),
        );
        const zone = rule(
            "firewalld",
            "filter_FORWARD_ZONES",
            [iifname("wg0"), { goto: { target: "filter_FWD_trusted" } }],
            "inet",
        );
        expect(conflicts({ nftables: [...nftables, zone] }, { ...OWN, interfaces: ["wg0"] })).toEqual([]);
        expect(conflicts({ nftables: [...nftables, zone] }, { ...OWN, interfaces: ["wg1"] })).toHaveLength(1);
    });

    test("an operator's own table, until it accepts the interface", () => {
        const nftables = [
            chain("mine", "fwd", "forward", "drop", "inet"),
            rule("mine", "fwd", [iifname("eth0"), { accept: null }], "inet"),
        ];
        expect(conflicts({ nftables }, OWN)).toEqual([
            "table inet mine, chain fwd (hook forward) drops by policy what the relay's own table accepts; accept packets from and to the relay's interface in fwd",
        ]);
        const accepting = rule(
            "mine",
            "fwd",
            [iifname("wg0"), { counter: { packets: 0, bytes: 0 } }, { accept: null }],
            "inet",
        );
        expect(conflicts({ nftables: [...nftables, accepting] }, { ...OWN, interfaces: ["wg0"] })).toEqual([]);
    });

    test("a drop under a condition refuses nothing of ours", () => {
        const nftables = [
            chain("mine", "in", "input", "accept", "inet"),
            rule("mine", "in", [iifname("eth0"), { drop: null }], "inet"),
        ];
        expect(conflicts({ nftables }, OWN)).toEqual([]);
    });
});
