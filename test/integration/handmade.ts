import * as fc from "fast-check";

/** Rules that somebody could write by hand on a relay whose tunnel is wg0 and whose network is eth0, with the address 198.51.100.2. */

const address = fc.constantFrom(
    "10.8.0.0/24",
    "10.8.0.2",
    "10.8.0.2-10.8.0.3",
    "192.168.0.0/16",
    "10.8.0.1",
    "198.51.100.2",
);
const maybe = (condition: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(fc.constant(""), condition);
const hand = fc
    .tuple(
        maybe(
            fc.constantFrom(
                'iifname "wg0"',
                'iifname "eth0"',
                'iifname "wg*"',
                'iifname != "wg0"',
                'iifname { "eth0", "lo" }',
                'oifname "wg0"',
                'oifname != "eth0"',
                'iifname . oifname { "wg0" . "wg0", "eth0" . "wg0" }',
            ),
        ),
        maybe(
            fc.oneof(
                fc
                    .tuple(fc.constantFrom("ip saddr", "ip daddr", "ip daddr !=", "ct original ip daddr"), address)
                    .map((words) => words.join(" ")),
                fc.constantFrom(
                    "ip saddr . ip daddr { 10.8.0.2 . 10.8.0.3, 10.8.0.3 . 192.168.50.0/24 }",
                    "ip daddr != { 10.8.0.1-10.8.0.3, 192.168.7.0/24 }",
                ),
            ),
        ),
        maybe(
            fc.constantFrom(
                ...[
                    "tcp dport 22",
                    "tcp dport { 22, 80-443 }",
                    "tcp dport < 100",
                    "tcp dport != 22",
                    "udp sport 53",
                    "udp dport 150",
                ],
                ...[
                    "meta l4proto { tcp, udp } th dport 22",
                    "ip protocol icmp",
                    "icmp type echo-request",
                    "tcp flags & (syn | ack) == syn",
                    "tcp flags != syn",
                    "sctp dport != 22",
                ],
            ),
        ),
        maybe(
            fc.constantFrom(
                "ct state new",
                "ct state established",
                "ct state != invalid",
                "ct state { new, untracked }",
                "ct direction original",
                "meta mark 5",
                "meta mark != 0",
                "fib daddr type local",
            ),
        ),
        fc.constantFrom(
            "accept",
            "accept",
            "drop",
            "return",
            "meta mark set 5",
            "meta mark set 5 ip daddr 10.8.0.3 accept",
            "ct state vmap { new : accept, established : drop }",
            "ip saddr vmap { 10.8.0.2 : accept, 10.8.0.3-10.8.0.4 : jump sub }",
            "ip daddr vmap { 10.8.0.3 : goto sub, * : continue }",
            "jump sub",
            "goto sub",
        ),
    )
    .map((words) => words.filter((word) => word !== "").join(" "));
/** The same without chains that it may go to. */
const alone = hand.map((text) =>
    text.replace(/: (?:jump|goto) sub/, ": accept").replace(/(?:jump|goto) sub/, "counter"),
);

/** A rule for one of the chains of the relay's own table. */
export const anyRuleInOwn = fc.tuple(fc.constantFrom("guard", "input", "forward"), alone);

const nat = fc.constantFrom(
    "",
    "tcp dport 80 dnat ip to 10.8.0.3",
    "tcp dport 8443 dnat ip to 10.8.0.4:22",
    "udp dport 150 redirect to :8443",
);

/** Another table, with a chain of rules, one that it may go to, and two that translate addresses. */
export const anyTable = fc.record({
    family: fc.constantFrom("ip", "inet"),
    hook: fc.constantFrom("prerouting", "input", "forward"),
    priority: fc.constantFrom(-300, -150, -5, 5),
    policy: fc.constantFrom("accept", "accept", "drop"),
    rules: fc.array(hand, { maxLength: 4 }),
    sub: fc.array(alone, { maxLength: 3 }),
    nat: fc.tuple(nat, nat),
});
export type Handmade = typeof anyTable extends fc.Arbitrary<infer T> ? T : never;

/** The text of {@link anyTable} for nft. */
export function tableText(table: Handmade): string {
    const { family, hook, priority, policy, rules, sub, nat } = table;
    const chain = (name: string, lines: string[]): string =>
        ` chain ${name} {\n${lines.map((line) => `  ${line}\n`).join("")} }\n`;
    return [
        `table ${family} hand {\n`,
        chain("sub", sub),
        chain("f", [`type filter hook ${hook} priority ${priority}; policy ${policy};`, ...rules]),
        ...nat.map((each, index) =>
            chain(`n${index}`, [`type nat hook prerouting priority ${index - 100};`, ...(each === "" ? [] : [each])]),
        ),
        "}\n",
    ].join("");
}
