import * as fc from "fast-check";
import type { Right } from "../../../../core/access/rights.js";
import { cover, parseTarget, touches } from "../../../../core/access/target.js";

const KNOWN = {
    peers: { alice: ["10.8.0.2"], nas: ["10.8.0.3", "fd00:8::3"], wiki: [] },
    services: ["wiki", "grafana"],
    subnets: ["10.8.0.0/24", "fd00:8::/64"],
};
const target = (text: string): ReturnType<typeof parseTarget> => parseTarget(text, KNOWN, "deny");
const right = (to: string, ports: string, by = "grants[0]"): Right => ({ from: "alice", to, ports, by });

it.each([
    ["nas:tcp/22", { to: { name: "nas" }, ports: { protocol: "tcp", first: 22, last: 22 } }],
    ["nas", { to: { name: "nas" } }],
    ["grafana", { to: { service: "grafana" } }],
    // A service and a peer of one name.
    ["wiki", { to: { service: "wiki" } }],
    ["wiki:icmp", { to: { name: "wiki" }, ports: { protocol: "icmp" } }],
    ["relay:icmp", { to: { name: "(relay)" }, ports: { protocol: "icmp" } }],
    ["192.168.7.0/24:all", { to: { network: "192.168.7.0/24" }, ports: { protocol: "all" } }],
    ["fd12::/64:udp/53", { to: { network: "fd12::/64" }, ports: { protocol: "udp", first: 53, last: 53 } }],
    ["fd12::9", { to: { network: "fd12::9" } }],
    ["10.8.0.3:tcp/1-9", { to: { name: "nas" }, ports: { protocol: "tcp", first: 1, last: 9 } }],
    ["internet", { to: { internet: true } }],
])("understands %s", (text, expected) => expect(target(text)).toEqual({ text, ...expected }));

it.each([
    ["dave:tcp/22", '"dave" is neither a peer, a service nor a network'],
    ["nas:tcp/99999", "deny: "],
    ["10.8.0.0/25:all", "10.8.0.0/25 is in the tunnel's own network"],
    ["10.8.0.77", "is in the tunnel's own network"],
    ["", "neither a peer"],
])("refuses %j", (text, problem) => expect(() => target(text)).toThrow(problem));

it.each([
    ["nas:tcp/22", right("nas", "tcp/20-25"), true],
    ["nas:tcp/22", right("nas", "tcp/23-25"), false],
    ["nas:tcp/22", right("nas", "udp/22"), false],
    ["nas:tcp/22", right("nas", "all"), true],
    ["nas", right("nas", "icmp"), true],
    ["nas", right("(relay)", "icmp"), false],
    ["grafana", right("(relay)", "tcp/8443", "service grafana"), true],
    ["grafana", right("(relay)", "tcp/8444", "service wiki"), false],
    ["192.168.7.0/24:all", right("192.168.0.0/16", "tcp/22"), true],
    ["192.168.0.0/16:all", right("192.168.7.9", "tcp/22"), true],
    ["192.168.7.0/24", right("192.168.8.0/24", "all"), false],
    ["192.168.7.0/24", right("nas", "all"), false],
    ["internet", right("0.0.0.0/0", "tcp/443"), true],
    ["internet", right("10.0.0.0/7", "tcp/443"), true],
    ["internet", right("192.168.7.0/24", "all"), false],
    ["internet:tcp/443", right("203.0.113.9", "udp/53"), false],
])("%s is touched by %j: %p", (text, allowed, expected) => expect(touches(allowed, target(text))).toBe(expected));

it.each([
    ["nas:tcp/20-25", [right("nas", "tcp/23-30"), right("nas", "tcp/1-22")], true],
    ["nas:tcp/20-25", [right("nas", "tcp/24-30"), right("nas", "tcp/1-22")], false],
    ["nas:all", [right("nas", "tcp/1-65535"), right("nas", "udp/1-65535"), right("nas", "icmp")], false],
    ["nas:icmp", [right("nas", "all")], true],
    ["nas:icmp", [right("nas", "icmp")], true],
    ["192.168.7.0/25:tcp/22", [right("192.168.7.0/24", "tcp/22")], true],
    ["192.168.7.0/24:tcp/22", [right("192.168.7.0/25", "tcp/22"), right("192.168.7.128/25", "tcp/22")], false],
    ["internet:tcp/443", [right("0.0.0.0/0", "tcp/443")], true],
    ["internet:tcp/443", [right("8.8.8.0/24", "tcp/443")], false],
    ["grafana", [right("(relay)", "tcp/8443", "service grafana")], true],
])("%s is covered by %j: %p", (text, allowed, expected) => expect(cover(allowed, target(text))).toBe(expected));

it("agrees with each single port", () => {
    const port = fc.integer({ min: 1, max: 12 });
    const range = fc.tuple(port, port).map((ends) => ends.sort((a, b) => a - b));
    const text = ([first, last]: [number, number]): string =>
        first === last ? `tcp/${first}` : `tcp/${first}-${last}`;
    fc.assert(
        fc.property(fc.array(range, { maxLength: 4 }), range, (allowed, wanted) => {
            const rights = allowed.map((each) => right("nas", text(each)));
            const ports = Array.from({ length: wanted[1] - wanted[0] + 1 }, (_, index) => wanted[0] + index);
            const isAllowed = (number: number): boolean =>
                allowed.some(([first, last]) => first <= number && number <= last);
            expect(cover(rights, target(`nas:${text(wanted)}`))).toBe(ports.every(isAllowed));
            expect(rights.some((each) => touches(each, target(`nas:${text(wanted)}`)))).toBe(ports.some(isAllowed));
        }),
    );
});
