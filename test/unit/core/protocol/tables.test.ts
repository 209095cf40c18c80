import fc from "fast-check";

import { InvalidArgument } from "../../../../core/errors.js";
import { admitted } from "../../../../core/protocol/admitted.js";
import { carried } from "../../../../core/protocol/carried.js";
import { leafKeys, wantedKeys } from "../../../../core/protocol/certificates.js";
import { devices } from "../../../../core/protocol/devices.js";
import { parseDifferingElements, renderSetElements } from "../../../../core/protocol/elements.js";
import { endpoints } from "../../../../core/protocol/endpoints.js";
import { ended, ends } from "../../../../core/protocol/ends.js";
import { expired } from "../../../../core/protocol/expired.js";
import { addressFacts, facts, routeFacts } from "../../../../core/protocol/facts.js";
import { files, keptFile } from "../../../../core/protocol/files.js";
import { interfaces } from "../../../../core/protocol/interfaces.js";
import { listeners } from "../../../../core/protocol/listeners.js";
import { lost } from "../../../../core/protocol/lost.js";
import { moved } from "../../../../core/protocol/moved.js";
import { moving } from "../../../../core/protocol/moving.js";
import { network } from "../../../../core/protocol/network.js";
import { receiptPeers, receiptServices } from "../../../../core/protocol/receipt.js";
import { rekeyed } from "../../../../core/protocol/rekeyed.js";
import { problems, removed, swept } from "../../../../core/protocol/removed.js";
import { renewals } from "../../../../core/protocol/renewals.js";
import { gone, proof } from "../../../../core/protocol/revocation.js";
import { servedPorts, services } from "../../../../core/protocol/services.js";
import { ourInterfaces } from "../../../../core/protocol/surroundings.js";
import { sysctls } from "../../../../core/protocol/sysctls.js";
import type { Table } from "../../../../core/protocol/table.js";
import { processes, units } from "../../../../core/protocol/units.js";

/** What a program may give: plain words, and now and then something that would be read as another column or line. */
const words = fc.stringMatching(/^[A-Za-z0-9.:/=_-]{2,12}$/);
const cell = fc.oneof(
    { weight: 20, arbitrary: words },
    { weight: 1, arbitrary: fc.constantFrom("a\tb", "a\nb", "a\rb", "a\u2028b", "a b", "a,b", "") },
);
const list = fc.array(cell, { maxLength: 3 });
const count = fc.nat();
const maybe = fc.option(words, { nil: undefined });

/** A table, a row, and that row as a line. */
interface Case {
    line: string;
    check(): void;
}

function of<Row>(each: Table<Row>, row: NoInfer<Row>, line: string, rows: fc.Arbitrary<NoInfer<Row>>): Case {
    const check = (): void => {
        expect(each.render([row])).toBe(`${line}\n`);
        expect(each.parse(`${line}\n`)).toEqual([row]);
        fc.assert(
            fc.property(fc.array(rows, { maxLength: 4 }), (all) => {
                let text: string;
                try {
                    text = each.render(all);
                } catch (error) {
                    expect(error).toBeInstanceOf(InvalidArgument);
                    return;
                }
                expect(text.split("\n")).toHaveLength(all.length + 1);
                expect(each.parse(text)).toEqual(all);
            }),
        );
    };
    return { line, check };
}

const KEY = "7UQwaE5mlCeWkGbOQ7ocwhbMXKVUPh6SGRz4rXyKFAw=";
const FORMER = "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8Q4c=";
const AT = 1767225600;

const TABLES: Record<string, Case> = {
    admitted: of(
        admitted,
        { name: "laptop", publicKey: KEY, allowedIps: ["10.8.0.2/32"], keeps: "-" },
        `laptop\t${KEY}\t10.8.0.2/32\t-`,
        fc.record({ name: cell, publicKey: maybe, allowedIps: list, keeps: fc.constantFrom("own", "-") }),
    ),
    carried: of(
        carried,
        { publicKey: KEY, former: FORMER, until: AT, presharedKey: undefined },
        `${KEY}\t${FORMER}\t${AT}\t(none)`,
        fc.record({ publicKey: cell, former: cell, until: count, presharedKey: maybe }),
    ),
    devices: of(
        devices,
        { interface: "wg0", state: "absent" },
        "wg0\tabsent",
        fc.record({ interface: cell, state: fc.constantFrom("absent", "present") }),
    ),
    endpoints: of(
        endpoints,
        { publicKey: KEY, endpoint: "203.0.113.9:41922" },
        `${KEY}\t203.0.113.9:41922`,
        fc.record({ publicKey: cell, endpoint: cell }),
    ),
    ended: of(
        ended,
        { until: AT, element: "acl4_until 10.8.0.2 . 10.8.0.4 . tcp . 22" },
        `${AT}\tacl4_until 10.8.0.2 . 10.8.0.4 . tcp . 22`,
        fc.record({ until: count, element: cell }),
    ),
    "ending element": of(
        ends,
        { kind: "element", until: AT, element: "acl4_until 10.8.0.2 . 10.8.0.4 . tcp . 22", window: undefined },
        `element\t${AT}\tacl4_until 10.8.0.2 . 10.8.0.4 . tcp . 22\t-`,
        fc.record({ kind: fc.constant("element"), until: count, element: cell, window: maybe }),
    ),
    window: of(
        ends,
        { kind: "window", window: "mon 08:00-18:00 UTC", start: AT, end: AT + 9 },
        `window\tmon 08:00-18:00 UTC\t${AT}\t${AT + 9}`,
        fc.record({ kind: fc.constant("window"), window: cell, start: count, end: count }),
    ),
    "ending right": of(
        ends,
        {
            kind: "right",
            until: AT,
            name: "alice",
            rule: "10.8.0.2 -> 10.8.0.4 tcp/22",
            ticket: "OPS-7",
            reason: "night shift",
        },
        `right\t${AT}\talice\t10.8.0.2 -> 10.8.0.4 tcp/22\tOPS-7\tnight shift`,
        fc.record({ kind: fc.constant("right"), until: count, name: cell, rule: cell, ticket: cell, reason: cell }),
    ),
    expired: of(
        expired,
        { publicKey: KEY, expires: AT, name: "laptop", addresses: ["10.8.0.2", "192.168.7.0/24"] },
        `${KEY}\t${AT}\tlaptop\t10.8.0.2,192.168.7.0/24`,
        fc.record({ publicKey: cell, expires: count, name: cell, addresses: list }),
    ),
    files: of(
        files,
        { path: "firewall.nft", mode: "600", hash: "9f86d0" },
        "firewall.nft\t600\t9f86d0",
        fc.record({ path: cell, mode: cell, hash: cell }),
    ),
    gone: of(
        gone,
        { publicKey: KEY, allowedIps: ["10.8.0.2/32", "192.168.7.0/24"] },
        `${KEY}\t10.8.0.2/32,192.168.7.0/24`,
        fc.record({ publicKey: cell, allowedIps: list }),
    ),
    interfaces: of(
        interfaces,
        { interface: "wg0", port: 51820, epoch: 1, publicKey: KEY },
        `wg0\t51820\t1\t${KEY}`,
        fc.record({ interface: cell, port: count, epoch: count, publicKey: maybe }),
    ),
    "leaf-keys": of(
        leafKeys,
        { file: "wiki-3f2a9c01bd44", key: "wiki-ed25519" },
        "wiki-3f2a9c01bd44\twiki-ed25519",
        fc.record({ file: cell, key: cell }),
    ),
    listeners: of(
        listeners,
        { address: "10.8.0.1:8443", whose: "ours" },
        "10.8.0.1:8443 ours",
        fc.record({ address: cell, whose: fc.constantFrom("ours", "foreign") }),
    ),
    "lost peer": of(
        lost,
        { kind: "peer", publicKey: KEY, address: "10.8.0.2" },
        `peer ${KEY} 10.8.0.2`,
        fc.record({ kind: fc.constant("peer"), publicKey: cell, address: cell }),
    ),
    "lost service": of(
        lost,
        { kind: "service", name: "wiki" },
        "service wiki",
        fc.record({ kind: fc.constant("service"), name: cell }),
    ),
    moved: of(
        moved,
        { publicKey: KEY, interface: "wg0b" },
        `${KEY}\twg0b`,
        fc.record({ publicKey: cell, interface: cell }),
    ),
    moving: of(
        moving,
        { publicKey: KEY, former: FORMER, until: AT },
        `${KEY}\t${FORMER}\t${AT}`,
        fc.record({ publicKey: cell, former: cell, until: count }),
    ),
    "our interfaces": of(
        ourInterfaces,
        { interface: "wg0", port: 51820 },
        "wg0\t51820",
        fc.record({ interface: cell, port: count }),
    ),
    problems: of(
        problems,
        { part: "end_flows", said: "ss: not found" },
        "end_flows\tss: not found",
        fc.record({ part: cell, said: cell }),
    ),
    processes: of(
        processes,
        { name: "proxy.supervisor", runs: "1" },
        "proxy.supervisor\t1",
        fc.record({ name: cell, runs: fc.constantFrom("1", "0") }),
    ),
    "proof read": of(
        proof,
        { kind: "read", what: "keys", where: "interface wg0" },
        "read\tkeys\tinterface wg0",
        fc.record({ kind: fc.constant("read"), what: fc.constantFrom("keys", "addresses"), where: cell }),
    ),
    "proof left": of(
        proof,
        { kind: "left", what: "keys", where: "peers", token: KEY },
        `left\tkeys\tpeers\t${KEY}`,
        fc.record({
            kind: fc.constant("left"),
            what: fc.constantFrom("keys", "addresses", "rules"),
            where: cell,
            token: cell,
        }),
    ),
    "receipt's peers": of(
        receiptPeers,
        { publicKey: KEY, allowedIps: ["10.8.0.2/32", "192.168.7.0/24"] },
        `${KEY}\t10.8.0.2/32 192.168.7.0/24`,
        fc.record({ publicKey: cell, allowedIps: list }),
    ),
    "receipt's services": of(
        receiptServices,
        { name: "wiki", state: "open" },
        "wiki\topen",
        fc.record({ name: cell, state: fc.constantFrom("open", "closed") }),
    ),
    rekeyed: of(
        rekeyed,
        { publicKey: KEY, former: FORMER },
        `${KEY}\t${FORMER}`,
        fc.record({ publicKey: cell, former: cell }),
    ),
    "removed peer": of(
        removed,
        { kind: "peer", publicKey: KEY, name: "laptop", allowedIps: ["10.8.0.2/32"], what: "peer" },
        `peer\t${KEY}\tlaptop\t10.8.0.2/32\tpeer`,
        fc.record({
            kind: fc.constant("peer"),
            publicKey: cell,
            name: cell,
            allowedIps: list,
            what: fc.constantFrom("peer", "key"),
        }),
    ),
    "removed element": of(
        removed,
        { kind: "element", element: "acl4 10.8.0.2 . 10.8.0.1 . tcp . 22" },
        "element\tacl4 10.8.0.2 . 10.8.0.1 . tcp . 22",
        fc.record({ kind: fc.constant("element"), element: cell }),
    ),
    "removed service": of(
        removed,
        { kind: "service", name: "wiki", port: 8443 },
        "service\twiki\t8443",
        fc.record({ kind: fc.constant("service"), name: cell, port: count }),
    ),
    renewals: of(
        renewals,
        {
            service: "wiki",
            algorithm: "ed25519",
            until: AT,
            days: 90,
            name: "wiki.x.internal",
            addresses: ["10.8.0.1"],
        },
        `wiki\ted25519\t${AT}\t90\twiki.x.internal\t10.8.0.1`,
        fc.record({ service: cell, algorithm: cell, until: count, days: count, name: cell, addresses: list }),
    ),
    "routes of a machine": of(
        routeFacts,
        { destination: "default", device: "eth0", via: "192.0.2.1" },
        "default eth0 192.0.2.1",
        fc.record({ destination: cell, device: cell, via: words }),
    ),
    "addresses of a machine": of(
        addressFacts,
        { device: "eth0", address: "192.0.2.7/24" },
        "eth0 192.0.2.7/24",
        fc.record({ device: cell, address: cell }),
    ),
    "served ports": of(servedPorts, { name: "wiki", port: 8443 }, "wiki\t8443", fc.record({ name: cell, port: count })),
    services: of(
        services,
        { name: "wiki", port: 8443, upstream: "127.0.0.1:3000", addresses: ["10.8.0.1", "fd42:7::1"] },
        "wiki\t8443\t127.0.0.1:3000\t10.8.0.1 fd42:7::1",
        fc.record({ name: cell, port: count, upstream: cell, addresses: list }),
    ),
    "swept peer": of(
        swept,
        { kind: "peer", publicKey: KEY },
        `peer\t${KEY}`,
        fc.record({ kind: fc.constant("peer"), publicKey: cell }),
    ),
    "swept proxy": of(swept, { kind: "proxy" }, "proxy", fc.record({ kind: fc.constant("proxy") })),
    sysctls: of(
        sysctls,
        { path: "net/ipv4/conf/wg0/forwarding", ours: "1", now: "0" },
        "net/ipv4/conf/wg0/forwarding\t1\t0",
        fc.record({ path: cell, ours: cell, now: cell }),
    ),
    units: of(
        units,
        { unit: "qp-tunnel-wg0-firewall.service", enabled: "enabled", active: "active" },
        "qp-tunnel-wg0-firewall.service\tenabled\tactive",
        fc.record({ unit: cell, enabled: cell, active: cell }),
    ),
    "wanted keys": of(
        wantedKeys,
        { service: "wiki", algorithm: "ed25519" },
        "wiki\ted25519",
        fc.record({ service: cell, algorithm: cell }),
    ),
};

describe.each(Object.keys(TABLES))("the table of %s", (name) => {
    it("has its picture, is read back as it was rendered, and refuses what would be another column or line", () => {
        TABLES[name]!.check();
    });
});

describe("a table of several shapes", () => {
    it("passes over lines of a shape that it does not know", () => {
        expect(removed.parse("toString\tx\nservice\twiki\t8443\nrule\tx\n")).toEqual([
            { kind: "service", name: "wiki", port: 8443 },
        ]);
    });
});

describe("the interfaces of a relay", () => {
    it("may be a name alone, where none is recorded yet", () => {
        expect(interfaces.parse("wg0\n")).toEqual([{ interface: "wg0", port: NaN, epoch: NaN, publicKey: undefined }]);
    });
});

describe("a table of values", () => {
    it("has each of several values on a line of its own, and leaves out what is not there", () => {
        const text = network.render({ subnet: ["10.8.0.0/24", "fd42::/64"], mtu: 1420, route: [], behind: undefined });
        expect(text).toBe("subnet 10.8.0.0/24\nsubnet fd42::/64\nmtu 1420\n");
        expect(network.parse(text).all("subnet")).toEqual(["10.8.0.0/24", "fd42::/64"]);
        expect([network.parse(text).one("mtu"), network.parse(text).one("route")]).toEqual(["1420", undefined]);
    });

    it("comes back as it was, or refuses what would be another line", () => {
        fc.assert(
            fc.property(fc.array(cell), cell, (mark, machine) => {
                let text: string;
                try {
                    text = facts.render({ machine, mark });
                } catch (error) {
                    expect(error).toBeInstanceOf(InvalidArgument);
                    return;
                }
                expect(facts.parse(text).all("mark")).toEqual(mark);
                expect(facts.parse(text).one("machine")).toBe(machine);
            }),
        );
    });

    it("passes over lines that are no pair, and keeps tabs in a value", () => {
        expect(facts.parse("machine\nroute\tb\tc\n").all("route")).toEqual(["b\tc"]);
    });
});

describe("elements", () => {
    it("are lines of a set and an element, and differ by a sign before them", () => {
        const element = { set: "acl4", element: "10.8.0.2 . 10.8.0.1 . tcp . 22" };
        const line = renderSetElements([element]);
        expect(line).toBe("acl4 10.8.0.2 . 10.8.0.1 . tcp . 22\n");
        expect(parseDifferingElements(`- ${line}+ ${line}? ${line}`)).toEqual([
            { sign: "-", ...element },
            { sign: "+", ...element },
        ]);
        expect(() => renderSetElements([{ set: "acl4", element: "a\nb" }])).toThrow("column 1 of table elements");
    });
});

describe("a file in the state", () => {
    it("has no hash where its content changes with every operation", () => {
        expect(keptFile("owner", "600") + keptFile("firewall.nft", "600", "9f86d0")).toBe(
            "owner\t600\nfirewall.nft\t600\t9f86d0\n",
        );
    });
});
