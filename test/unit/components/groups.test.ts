import type { ServicePlain } from "../../../core/arguments/index.js";
import { ExposedService, Peer, type RelayArgs } from "../../../components/index.js";
import { expandedGrants, expandedService } from "../../../components/groups.js";
import { refusal } from "../core/refusal.js";
import { runProgram } from "../program.js";
import { hub, KEY, made, OTHER } from "./relays.js";

const groups = { admins: ["alice", "bob"], servers: ["nas", "bob"] };
const service = (allow: ServicePlain["allow"]): { plain: ServicePlain } => ({ plain: { allow } as ServicePlain });
const UNTIL = "2099-01-01T00:00:00Z";

it("a service is for each member, on the best of its terms", () => {
    const { allow, terms } = expandedService(
        service(["admins", "alice", { peer: "nas", until: UNTIL, ticket: "T" }, { peer: "servers", until: UNTIL }]),
        groups,
    );
    expect(allow).toEqual(["alice", "bob", "nas"]);
    expect(terms).toEqual({ bob: { groups: ["admins"] }, nas: { until: UNTIL, ticket: "T" } });
    expect(expandedService(service("everyone"), groups)).toMatchObject({ allow: "everyone", terms: {} });
});

it("a grant from and to groups is one to each member", () => {
    const ports = [{ protocol: "all" as const }];
    const network = { peer: "nas", network: "192.168.7.0/24" };
    expect(
        expandedGrants([{ position: 3, from: ["admins", "nas", network], to: { peer: "servers" }, ports }], groups),
    ).toEqual(
        ["nas", "bob"].map((peer) => ({
            ...{ position: 3, ports, from: ["alice", "bob", "nas", network], to: { peer } },
            ...{ fromGroups: { alice: ["admins"], bob: ["admins"] }, toGroup: "servers" },
        })),
    );
    const plain = { position: 0, from: ["alice"], to: { peer: "nas" }, ports };
    expect(expandedGrants([plain], groups)).toEqual([plain]);
});

const program = (): Partial<RelayArgs> => ({
    peers: [
        { name: "alice", publicKey: KEY },
        { name: "nas", publicKey: OTHER },
    ],
    groups: { admins: ["alice", { name: "alice", publicKey: KEY }], empty: [] },
    services: [new ExposedService("wiki", { upstream: "127.0.0.1:80", allow: ["admins", "empty"] })],
    grants: [{ from: "admins", to: "nas", ports: ["tcp/22"], until: UNTIL, reason: "audit", ticket: "OPS-7" }],
    expect: [{ from: "admins", allow: ["nas:tcp/22", "wiki"], deny: ["nas:tcp/445"] }],
});

it("a relay's resources are told of members, ends and reasons", async () => {
    const { of } = await made(program);
    expect(of("hub-registry")).toMatchObject({ groups: { admins: ["alice"], empty: [] } });
    const { rules, terms } = of("hub-grants") as { rules: object; terms: string };
    expect(rules).toEqual({ alice: ["10.8.0.2 -> 10.8.0.1 tcp/8443", "10.8.0.2 -> 10.8.0.3 tcp/22"] });
    expect(terms.trimEnd().split("\n")).toEqual([
        '10.8.0.2 -> 10.8.0.1 tcp/8443 {"groups":["admins"]}',
        `10.8.0.2 -> 10.8.0.3 tcp/22 {"until":"${UNTIL}","reason":"audit","ticket":"OPS-7","groups":["admins"]}`,
    ]);
    expect(of("hub-firewall")).toMatchObject({ timed: true });
    expect(of("hub-host")).toMatchObject({
        admitted: { terms: `10.8.0.2 -> 10.8.0.3 tcp/22 {"until":"${UNTIL}"}\n` },
    });
});

it("a relay without groups and ends is told of none", async () => {
    const { of } = await made(() => ({ peers: [{ name: "alice", publicKey: KEY }] }));
    expect(Object.keys(of("hub-registry"))).not.toContain("groups");
    for (const part of ["grants", "firewall", "host"])
        expect(JSON.stringify(of(`hub-${part}`))).not.toMatch(/"(?:terms|timed|warnHours)"/);
});

it.each<[Partial<RelayArgs>, string]>([
    [{ groups: { admins: ["bob"] } }, 'relay hub.groups.admins[0]: refers to a peer that is not listed, "bob"; add it to the relay\'s peers, or remove it here'],
    [{ groups: { Alice: [] } }, 'relay hub.groups.Alice: "Alice" is the name of the peer "alice" too; choose another name for the group'],
    [{ groups: [] as never }, "relay hub.groups: is a list, not an object; give an object"],
    [{ groups: { ops: "alice" as never } }, "relay hub.groups.ops: is a string, not a list; give a list"],
    [{ groups: { ops: ["alice"] }, grants: [{ from: { peer: "ops", network: "10.0.0.0/8" }, to: "alice", ports: ["all"] }] }, 'relay hub.grants[0].from[0]: refers to "ops", which is a group; name a single peer here'],
    [{ grants: [{ from: "alice", to: "alice", ports: ["all"], until: "2027-01-01" }] }, 'relay hub.grants[0].until: "2027-01-01" is not an RFC 3339 date and time with an offset; add time and offset: "2027-01-01T00:00:00Z"'],
    [{ grants: [{ from: "alice", to: "alice", ports: ["all"], reason: "a\nb" }] }, "relay hub.grants[0].reason: has a line break or an invisible character; write it as one line of visible characters"],
    [{ expect: [{ from: "ops", deny: [] }] }, 'relay hub.expect[0].from: "ops" is not a peer of this relay; list it in peers, or remove it here'],
])("refuses %j", async (args, message) => {
    await runProgram(() => {
        expect(refusal(() => hub({ peers: [new Peer("alice")], ...args }))).toContain(message);
    });
}); // prettier-ignore
