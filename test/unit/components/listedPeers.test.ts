import * as pulumi from "@pulumi/pulumi";

import type { Peer, RelayArgs } from "../../../components/index.js";
import { askedPeers, listedPeer, ofSupplied } from "../../../components/listedPeers.js";
import { runProgram } from "../program.js";
import { hub, KEY, OTHER } from "./relays.js";

const dora = { name: "dora", publicKey: OTHER };

it.each<[string, () => RelayArgs["peers"]]>([
    ["as one list", () => pulumi.output([{ name: "alice", publicKey: KEY }, dora])],
    ["as a promise of it", () => Promise.resolve([{ name: "alice", publicKey: KEY }, dora])],
    ["as an entry beside others", () => [{ name: "alice", publicKey: KEY }, pulumi.output(dora)]],
    [
        "with a pinned address",
        () => [{ name: "alice", publicKey: KEY }, pulumi.output({ peer: dora, address: "10.8.0.3" }) as never],
    ],
])("peers of another resource come %s", async (_how, peers) => {
    const { outputs, registered } = await runProgram(() => {
        const relay = hub({ peers: peers(), grants: [{ from: "dora", to: "alice", ports: ["tcp/22"] }] });
        return { addresses: relay.addresses, config: relay.configFor("dora") };
    });
    expect(outputs.addresses).toEqual({ alice: "10.8.0.2", dora: "10.8.0.3" });
    expect(outputs.config).toContain("Address = 10.8.0.3/32");
    const grants = registered.find(({ name }) => name === "hub-grants")!;
    expect(grants.inputs["rules"]).toEqual({ dora: ["10.8.0.3 -> 10.8.0.2 tcp/22"] });
    // They are data: none of them is a resource.
    expect(registered.map(({ name }) => name).filter((name) => name.includes("dora"))).toEqual([]);
});

it("a configuration is refused for a peer that nobody lists", async () => {
    await runProgram(() => {
        const relay = hub({ peers: [dora] });
        expect(() => relay.configFor("erin")).toThrow("configFor: the relay has no peer erin");
        return relay.addresses;
    });
});

it("only data comes from another resource: no key that is to be made", () => {
    const { supplied } = askedPeers(pulumi.output([dora]), "relay hub.peers");
    const entry = { routes: [], keyEpoch: 1, reinstate: false };
    expect(ofSupplied([{ ...entry, ...dora }], supplied[0]!)).toMatchObject([{ name: "dora", knownKey: OTHER }]);
    expect(() => ofSupplied([{ ...entry, name: "dora", publicKey: {} as string }], supplied[0]!)).toThrow(
        "relay hub.peers[0] (dora).publicKey: is not a string; give the key",
    );
    expect(() => supplied[0]!.list.read([{ name: "dora" }], "relay hub.peers")).toThrow(
        "relay hub.peers[0].publicKey: is missing",
    );
});

it("an Output of a pinned address is refused, and says why", async () => {
    const peers = [{ peer: dora, address: pulumi.output("10.8.0.9") as unknown as string }];
    await expect(runProgram(() => hub({ peers }))).rejects.toThrow(
        "relay hub.peers[0].address: is an Output, but addresses are allocated before the update, and a preview shows them",
    );
    const of = pulumi.output(dora) as unknown as Peer;
    await expect(runProgram(() => hub({ peers: [{ peer: of, address: "10.8.0.9" }] }))).rejects.toThrow(
        "relay hub.peers[0].peer: is an Output, but only the data of a peer may come from another resource",
    );
});

it("a peer that the program lists is found at once", async () => {
    const own = { name: "alice", plain: { routes: [], keyEpoch: 1, reinstate: false }, publicKey: KEY };
    expect(listedPeer({ peers: [own] }, "alice")).toMatchObject({ name: "alice", publicKey: KEY, expires: undefined });
});
