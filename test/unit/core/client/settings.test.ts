import { validate, relayArgs } from "../../../../core/arguments/index.js";
import { clientSettings, reachable } from "../../../../core/client/settings.js";

const relay = (more: object): Parameters<typeof clientSettings>[0] =>
    validate(relayArgs, { host: {}, audit: {}, peers: [], ...more }, "relay") as Parameters<typeof clientSettings>[0];

it("a peer routes the tunnel, and what its grants lead to; nothing else", () => {
    const settings = clientSettings(
        relay({
            subnet6: "fd00::/64",
            grants: [
                { from: ["alice"], to: { peer: "nas", network: "192.168.7.0/24" }, ports: ["all"] },
                { from: ["alice", "bob"], to: { network: "10.20.0.0/16" }, ports: ["all"] },
                { from: ["alice"], to: { peer: "nas", network: "192.168.7.0/24" }, ports: ["tcp/22"] },
                { from: ["bob"], to: "alice", ports: ["all"] },
            ],
        }),
    );
    expect(reachable("alice", settings)).toEqual(["10.8.0.0/24", "fd00::/64", "192.168.7.0/24", "10.20.0.0/16"]);
    expect(reachable("bob", settings)).toEqual(["10.8.0.0/24", "fd00::/64", "10.20.0.0/16"]);
    for (const name of ["nas", "toString"]) expect(reachable(name, settings)).toEqual(["10.8.0.0/24", "fd00::/64"]);
});

it("a peer that hosts behind another one reach has the way back to them", () => {
    const grant = { from: [{ peer: "branch", network: "192.168.7.0/24" }], to: "nas", ports: ["all"] };
    const settings = clientSettings(relay({ grants: [grant] }));
    expect(reachable("nas", settings)).toEqual(["10.8.0.0/24", "192.168.7.0/24"]);
    expect(reachable("branch", settings)).toEqual(["10.8.0.0/24"]);
});

it("are what the program says, with its defaults", () => {
    expect(clientSettings(relay({}))).toEqual({
        ...{ appName: "qp-tunnel", subnet: "10.8.0.0/24", networks: {} },
        ...{ mtu: expect.any(Number), keepalive: expect.any(Number) },
    });
    expect(clientSettings(relay({ mtu: 1380, keepalive: 0, dns: ["10.8.0.1"], appName: "corp" }))).toMatchObject({
        ...{ appName: "corp", mtu: 1380, keepalive: 0, dns: ["10.8.0.1"] },
    });
});
