import { fingerprint, publicKeyOf } from "../../../../../core/keys/index.js";
import type { RegistryPeer } from "../../../../../core/registry/model.js";
import type { Answers } from "../../../../../core/protocol/steps.js";
import type { Properties } from "../../../../../providers/resources/resource.js";
import type { WireGuardChange } from "../../../../../providers/resources/wireguard/change.js";
import { desiredPeers } from "../../../../../providers/resources/wireguard/desired.js";
import { resolved } from "../../../../../providers/resources/wireguard/inputs.js";
import { keysOn, readBack } from "../../../../../providers/resources/wireguard/readBack.js";
import { scratchProject } from "../../audit/scratch.js";
import { contextOf, type Told } from "../relay/lifecycle.js";
import { changeOf, KEYS, peer, registered, RELAY_PRIVATE_KEY, wireInputs } from "../relays.js";
import { dumpOf } from "./dump.js";

scratchProject();
const OWN = publicKeyOf(RELAY_PRIVATE_KEY);
const alice = peer("10.8.0.2", { publicKey: KEYS.alice });
const bob = peer("10.8.0.3", { publicKey: KEYS.bob });

/** An update of a relay's peers, told as one of the engine's. */
function update(
    then: Record<string, RegistryPeer>,
    now: Record<string, RegistryPeer>,
    outputs: Properties = {},
): WireGuardChange & { context: Told } {
    return { ...changeOf(wireInputs(then), wireInputs(now), outputs), context: contextOf() };
}

/** What a relay answers that has these peers as the program wants them. */
function answerOf(peers: Record<string, RegistryPeer>, more: Answers<"wireguard"> = {}): Answers<"wireguard"> {
    return {
        interfaces: `wg0\t51820\t1\t${OWN}\n`,
        "dump.wg0": dumpOf(desiredPeers(resolved(wireInputs(peers)))),
        "network.wg0": "address 10.8.0.1/24\nforwarding 1\nup 1\nmtu 1420\n",
        ...more,
    };
}

it("finds the relay's key, its epochs and who is active", async () => {
    const { outputs, problems, foreign, records } = await readBack(
        update({ alice }, { alice, bob }),
        answerOf({ alice, bob }),
    );
    expect(outputs).toMatchObject({
        publicKey: OWN,
        epochs: { 1: { interface: "wg0", port: 51820, publicKey: OWN } },
        onEpoch: {},
        registry: { alice: { status: "active" }, bob: { status: "active", address: "10.8.0.3" } },
    });
    expect([problems, foreign, records]).toEqual([[], [], []]);
});

it("has a problem for a peer that is not on the interface, which is not in the registry either", async () => {
    const { outputs, problems } = await readBack(update({ alice }, { alice, bob }), answerOf({ alice }));
    expect(problems).toEqual(["bob was removed from the interface by hand; `pulumi up --refresh` adds it back"]);
    expect(Object.keys(outputs.registry ?? {})).toEqual(["alice"]);
});

it("revokes a key that is gone everywhere; one that is still somewhere is a problem and stays active", async () => {
    const registry = { alice: registered({ ...alice }), bob: registered({ ...bob }) };
    const read = "read\tkeys\tinterface wg0\n";
    const done = await readBack(update({ alice, bob }, { alice }, { registry }), answerOf({ alice }, { proof: read }));
    expect(done.problems).toEqual([]);
    expect(done.outputs.registry).toMatchObject({
        alice: { status: "active" },
        bob: { status: "revoked", by: "alice" },
    });
    const proof = `${read}left\tkeys\tinterface wg0\t${KEYS.bob}\n`;
    const left = await readBack(update({ alice, bob }, { alice }, { registry }), answerOf({ alice }, { proof }));
    expect(left.problems).toEqual([
        `the key of bob (${fingerprint(KEYS.bob)}) was revoked and is still in interface wg0; the next \`pulumi up\` removes it there`,
    ]);
    expect(left.outputs.registry).toMatchObject({ bob: { status: "active" } });
});

describe("a key that the relay removed", () => {
    const removed = (key: string): Answers<"wireguard"> => answerOf({ alice }, { removed: `${key}\n` });
    const sentence = `unknown peer ${fingerprint(KEYS.carol)} (${KEYS.carol}) was configured on the interface but not declared in the program, and was removed`;

    it("is foreign when neither the program nor the state knows it, and a warning says so", async () => {
        const change = update({ alice }, { alice });
        expect((await readBack(change, removed(KEYS.carol))).foreign).toEqual([sentence]);
        expect(change.context.said).toEqual([`warning: hub: ${sentence}`]);
    });

    it("is nothing new when a refresh named it", async () => {
        const drift = { [`rogue peer ${fingerprint(KEYS.carol)}`]: "unknown peer" };
        const change = update({ alice }, { alice }, { drift });
        expect((await readBack(change, removed(KEYS.carol))).foreign).toEqual([]);
        expect(change.context.said).toEqual([]);
        const other = { [`rogue peer ${fingerprint(KEYS.dave)}`]: "unknown peer" };
        expect((await readBack(update({ alice }, { alice }, { drift: other }), removed(KEYS.carol))).foreign).toEqual([
            sentence,
        ]);
    });

    it("is not foreign when this change removes or replaces it, when it expired, or when it was a peer's former key", async () => {
        const gone = update({ alice, carol: peer("10.8.0.4", { publicKey: KEYS.carol }) }, { alice });
        expect((await readBack(gone, removed(KEYS.carol))).foreign).toEqual([]);
        const rekeyed = update({ alice: { ...alice, publicKey: KEYS.carol } }, { alice });
        expect((await readBack(rekeyed, removed(KEYS.carol))).foreign).toEqual([]);
        const expired = { ...removed(KEYS.carol), expired: `${KEYS.carol}\t1767225600\tcarol\t10.8.0.4\n` };
        expect((await readBack(update({ alice }, { alice }), expired)).foreign).toEqual([]);
        const registry = { alice: registered({ ...alice, replaces: KEYS.carol }) };
        expect((await readBack(update({ alice }, { alice }, { registry }), removed(KEYS.carol))).foreign).toEqual([]);
    });
});

it("keeps a peer's former key in the registry for as long as the relay keeps it, if the state knows it", async () => {
    const registry = { alice: registered({ ...alice, replaces: KEYS.bob }) };
    const overlapping = (former: string): Promise<Properties | undefined> =>
        readBack(
            update({ alice }, { alice }, { registry }),
            answerOf({ alice }, { moving: `${KEYS.alice}\t${former}\t1767225600\n` }),
        ).then(({ outputs }) => outputs.registry);
    expect(await overlapping(KEYS.bob)).toMatchObject({ alice: { replaces: KEYS.bob } });
    expect(await overlapping(KEYS.carol)).not.toHaveProperty("alice.replaces");
});

it("records the interface that it took over, with how many peers stayed connected", async () => {
    const change = { ...changeOf(undefined, wireInputs({ alice }, { adopts: OWN })), context: contextOf() };
    const { records } = await readBack(change, answerOf({ alice }, { adopted: "wg0\n" }));
    expect(records).toEqual([
        {
            action: "relay_adopt",
            message: "Adopted interface wg0 as relay hub, with 1 peer: nothing on it was recreated",
            details: { relay: "hub", interface: "wg0", public_key: OWN, peers: 1 },
        },
    ]);
});

test("keys on the interfaces of all key epochs count", () => {
    const args = resolved(
        wireInputs({ alice }, { epochs: [1, 2], privateKeys: { 1: RELAY_PRIVATE_KEY, 2: RELAY_PRIVATE_KEY } }),
    );
    const second = [RELAY_PRIVATE_KEY, OWN, "51821", "off"].join("\t");
    const line = [KEYS.bob, "(none)", "(none)", "10.8.0.3/32", "0", "0", "0", "off"].join("\t");
    const answer = answerOf({ alice }, { "dump.wg0b": `${second}\n${line}\n` });
    expect(keysOn(answer, args, "wg0")).toEqual(new Set([KEYS.alice, KEYS.bob]));
    expect(keysOn({}, args, "wg0")).toEqual(new Set());
});
