import { Peer } from "../../../components/index.js";
import { access } from "../../../testing/index.js";
import { KEY, mocked, office } from "./program.js";

beforeEach(() => mocked());

it("is who may reach what, by name", async () => {
    const { relay } = office();
    expect(await access(relay)).toEqual([
        { from: "(relay)", to: "nas", ports: "tcp/3000", by: "service wiki" },
        { from: "alice", to: "(relay)", ports: "tcp/8443", by: "service wiki" },
        { from: "alice", to: "nas", ports: "tcp/22", by: "grants[0]" },
        { from: "bob", to: "nas", ports: "tcp/22", by: "grants[0]" },
    ]);
});

it("knows grants by their place in the program, and no peer that has expired", async () => {
    const [alice, gone] = [new Peer("ann", { publicKey: KEY }), new Peer("gone", { expires: "2020-01-01T00:00:00Z" })];
    const { relay } = office({
        peers: [alice, gone],
        services: [],
        grants: [
            { from: alice, to: gone, ports: ["all"] },
            { from: [gone, alice], to: { network: "172.16.0.0/12" }, ports: ["icmp"] },
        ],
        routes: ["172.16.0.0/12"],
    });
    expect(await access(relay)).toEqual([{ from: "ann", to: "172.16.0.0/12", ports: "icmp", by: "grants[1]" }]);
});
