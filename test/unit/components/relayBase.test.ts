import { hosts, Peer } from "../../../components/index.js";
import { KEY, made } from "./relays.js";
import { secret } from "../program.js";
import { relayIdOf } from "../../../core/relayIdentity.js";

const SEED = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
const PSK = "cHJlc2hhcmVkIGtleSBvZiBub3RoaW5nIGJ1dCB0ZXM=";

it("gives the relay an id that is made of its seed, and is no secret", async () => {
    const { of } = await made();
    for (const name of ["hub-registry", "hub-host", "hub-wireguard"])
        expect(of(name)).toMatchObject({
            relay: "hub",
            relayId: relayIdOf(SEED),
            appName: "qp-tunnel",
            interface: "wg0",
        });
    expect(of("hub-host")).toHaveProperty("confirmTimeout");
    expect(of("hub-registry")).not.toHaveProperty("confirmTimeout");
});

it("asks the registry for an address of each peer before anything is on the machine", async () => {
    const { all, of } = await made(() => ({ subnet6: "fd12::/64" }));
    expect(of("hub-registry")).toMatchObject({
        subnet: "10.8.0.0/24",
        subnet6: "fd12::/64",
        peers: { alice: { publicKey: KEY } },
        services: {},
    });
    const at = (name: string): number => all.findIndex((each) => each.name === name);
    expect(at("hub-registry")).toBeLessThan(at("hub-host"));
});

describe("what is lost with the state", () => {
    const loses = async (...args: Parameters<typeof made>): Promise<unknown> =>
        (await made(...args)).of("hub-seed")["loses"];

    it("is the relay's own key, unless it is given, or on the relay alone", async () => {
        expect(await loses()).toEqual({ relayKey: true, peers: 1 });
        expect(await loses(() => ({ privateKey: SEED }))).toMatchObject({ relayKey: false });
        expect(await loses(() => ({ identity: "host" }))).toMatchObject({ relayKey: false });
        expect(await loses(() => ({ host: hosts.script({ path: "relay.sh" }) }))).toMatchObject({ relayKey: false });
    });

    it("is the key or preshared key of each peer that does not have both of its own", async () => {
        const alice = { name: "alice", publicKey: KEY, presharedKey: PSK };
        expect(await loses(() => ({ peers: [alice, new Peer("bob"), new Peer("carol")] }))).toMatchObject({ peers: 2 });
        expect(await loses(() => ({ peers: [alice] }))).toMatchObject({ peers: 0 });
    });

    it("is no preshared key, where the seed is given", async () => {
        const alice = { name: "alice", publicKey: KEY };
        expect(await loses(() => ({ peers: [alice, new Peer("bob")], seed: SEED }))).toMatchObject({ peers: 1 });
        expect(await loses(() => ({ peers: [alice], seed: SEED, privateKey: PSK }))).toEqual({
            relayKey: false,
            peers: 0,
        });
    });

    it("is made anew where the program accepts it", async () => {
        const { of } = await made(() => ({ replaceLostKeys: "a".repeat(64) }));
        expect(of("hub-seed")["replaceLostKeys"]).toBe("a".repeat(64));
        expect((await made()).of("hub-seed")).not.toHaveProperty("replaceLostKeys");
    });
});

it("hands a given seed on as a secret, and nothing where none is given", async () => {
    const { of } = await made(() => ({ seed: SEED }));
    expect(of("hub-seed")["seed"]).toEqual(secret(SEED));
    expect((await made()).of("hub-seed")).not.toHaveProperty("seed");
    await expect(made(() => ({ seed: "short" }))).rejects.toThrow(
        /^relay hub\.seed: is not a seed: .*; give 32 random bytes/,
    );
    await expect(made(() => ({ seed: undefined as never }))).rejects.toThrow("relay hub.seed: is set to undefined");
});

it("says that the machine keeps the relay where the engine only lets go of it", async () => {
    expect((await made(() => ({}), { retainOnDelete: true })).of("hub-host")["retained"]).toBe(true);
    expect((await made()).of("hub-host")).not.toHaveProperty("retained");
});
