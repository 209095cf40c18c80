import { type Access, expand } from "../../../../core/access/index.js";
import { rightsOf } from "../../../../core/access/rights.js";

const access: Access = {
    relay: { address: "10.8.0.1", address6: "fd00:8::1" },
    peers: {
        alice: { address: "10.8.0.2", address6: "fd00:8::2" },
        nas: { address: "10.8.0.3", address6: "fd00:8::3", routes: ["192.168.7.0/24"] },
    },
    services: {
        wiki: { port: 8443, allow: ["alice", "nas"], upstreamPeer: { peer: "nas", port: 3000 } },
        files: { port: 8444, on: "nas", allow: ["alice"] },
        printer: { port: 8445, allow: [], upstreamHost: { address: "192.168.7.9", port: 631 } },
    },
    grants: [
        {
            from: ["alice"],
            to: { peer: "nas" },
            ports: [{ protocol: "tcp", first: 22, last: 22 }, { protocol: "icmp" }],
        },
        {
            from: [{ peer: "nas", network: "192.168.7.0/24" }],
            to: { network: "172.16.0.0/12" },
            ports: [{ protocol: "all" }],
            position: 4,
        },
    ],
};

it("says who, to whom, on which ports, and what allows it, once for both families", () => {
    expect(rightsOf(access)).toEqual([
        { from: "(relay)", to: "192.168.7.9", ports: "tcp/631", by: "service printer" },
        { from: "(relay)", to: "nas", ports: "tcp/3000", by: "service wiki" },
        { from: "192.168.7.0/24", to: "172.16.0.0/12", ports: "all", by: "grants[4]" },
        { from: "alice", to: "(relay)", ports: "tcp/8443", by: "service wiki" },
        { from: "alice", to: "nas", ports: "icmp", by: "grants[0]" },
        { from: "alice", to: "nas", ports: "tcp/22", by: "grants[0]" },
        { from: "alice", to: "nas", ports: "tcp/8444", by: "service files" },
        { from: "nas", to: "(relay)", ports: "tcp/8443", by: "service wiki" },
    ]);
});

it("leaves out none of the rules that the firewall gets, and adds none", () => {
    const { relay, peers } = access;
    const named = new Map(
        Object.entries({ "(relay)": relay, ...peers }).flatMap(([name, { address, address6 }]) => [
            [address, name],
            [address6!, name],
        ]),
    );
    const rules = Object.values(expand(access)).flat();
    const told = rules.map((rule) => rule.replace(/\S+(?= )/g, (word) => named.get(word) ?? word));
    const rights = rightsOf(access).map(({ from, to, ports }) => `${from} -> ${to} ${ports}`);
    expect([...new Set(rights)].sort()).toEqual([...new Set(told)].sort());
});
