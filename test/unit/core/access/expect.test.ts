import { unmet } from "../../../../core/access/expect.js";
import type { Right } from "../../../../core/access/rights.js";
import { faultText } from "../../../../core/fault.js";

const KNOWN = { peers: { alice: [], bob: [], nas: [] }, services: ["grafana"], subnets: ["10.8.0.0/24"] };
const RIGHTS: Right[] = [
    { from: "alice", to: "nas", ports: "tcp/22", by: "grants[0]" },
    { from: "alice", to: "192.168.7.0/24", ports: "all", by: "grants[1]" },
    { from: "alice", to: "(relay)", ports: "tcp/8443", by: "service grafana" },
];
const said = (...expectations: Parameters<typeof unmet>[0]): string[] =>
    unmet(expectations, RIGHTS, KNOWN, "relay hub.expect").map(faultText);

it("says nothing where all holds", () => {
    const allow = ["nas:tcp/22", "grafana", "192.168.7.9:tcp/445"];
    const deny = ["nas:tcp/445", "192.168.50.0/24:all", "internet"];
    expect(said({ from: ["alice"], allow, deny }, { from: ["bob"], allow: [], deny: allow })).toEqual([]);
});

it("names the expectation and what allows, or does not", () => {
    expect(
        said({ from: ["alice", "bob"], allow: ["nas:tcp/22-23", "grafana"], deny: ["192.168.0.0/16:tcp/445"] }),
    ).toEqual([
        "relay hub.expect[0].allow[0]: alice is not allowed to reach nas:tcp/22-23: it is only allowed nas tcp/22 by grants[0]; add a grant, or correct the expectation",
        "relay hub.expect[0].deny[0]: alice is allowed to reach 192.168.0.0/16:tcp/445: 192.168.7.0/24 all by grants[1]; narrow grants[1], or correct the expectation",
        "relay hub.expect[0].allow[0]: bob is not allowed to reach nas:tcp/22-23; add a grant, or correct the expectation",
        "relay hub.expect[0].allow[1]: bob is not allowed to reach grafana; add a grant, or correct the expectation",
    ]);
});

it("refuses a target that nobody understands, whatever is expected of it", () => {
    expect(said({ from: ["bob"], allow: [], deny: ["nsa:tcp/22"] })).toEqual([
        'relay hub.expect[0].deny[0]: "nsa" is neither a peer, a service nor a network; name one: grafana, alice, bob, nas; or internet, or relay',
    ]);
});
