import { readFileSync } from "node:fs";

import { fingerprint, publicKeyOf } from "../../../../../core/keys/index.js";
import type { Answers } from "../../../../../core/protocol/steps.js";
import type { RegistryPeer } from "../../../../../core/registry/model.js";
import type { Announcement } from "../../../../../providers/resources/relay/announcement.js";
import { NOTHING_REMOVED } from "../../../../../providers/resources/relay/removedFirst.js";
import { readWireGuardOutputs } from "../../../../../providers/resources/wireguard/outputs.js";
import { beginOf, inBatches, outcomesOf } from "../../../../../providers/resources/wireguard/records.js";
import { changeOf, KEYS, peer, registered, RELAY_PRIVATE_KEY, wireInputs } from "../relays.js";

const alice = peer("10.8.0.2", { publicKey: KEYS.alice });
const bob = peer("10.8.0.3", { publicKey: KEYS.bob });
const RELAY_KEY = KEYS.dave;

type Registry = Record<string, ReturnType<typeof registered>>;

/** Records of a change after which the registry is this one. */
const records = (
    change: ReturnType<typeof changeOf>,
    registry: Registry,
    answer: Answers<"wireguard"> = {},
): Announcement[] => outcomesOf(change, readWireGuardOutputs({ registry, publicKey: RELAY_KEY }), answer);
const said = (all: Announcement[]): [string, string][] => all.map(({ action, message }) => [action, message]);
const SERVES = (peers: string): [string, string] => ["peers_apply", `Relay hub serves ${peers}`];

it("announces how many peers change, who comes and who goes", () => {
    const change = changeOf(wireInputs({ alice }), wireInputs({ bob, carol: peer("10.8.0.4") }));
    expect(beginOf(change)).toEqual({
        action: "peers_apply",
        message: "Apply 3 peer changes to relay hub",
        details: { relay: "hub", interface: "wg0", add: ["bob", "carol"], remove: ["alice"], changed: 3 },
    });
});

it("records a removal with where the key was looked for, and how many peers are served with which key of the relay", () => {
    const proof = "read\tkeys\tinterface wg0\nread\taddresses\tthe routes of wg0\n";
    const change = changeOf(wireInputs({ alice, bob }), wireInputs({ alice }));
    expect(records(change, { alice: registered({ ...alice }) }, { proof })).toEqual([
        {
            action: "peer_remove",
            message: "Removed peer bob (10.8.0.3) from relay hub",
            details: {
                relay: "hub",
                name: "bob",
                tunnel_ip: "10.8.0.3",
                public_key: KEYS.bob,
                fingerprint: fingerprint(KEYS.bob),
                proof: {
                    read_back: "absent",
                    key_absent_from: ["interface wg0"],
                    addresses_absent_from: ["the routes of wg0"],
                },
            },
        },
        {
            action: "peers_apply",
            message: "Relay hub serves 1 peer",
            details: {
                relay: "hub",
                interface: "wg0",
                active: 1,
                public_key: RELAY_KEY,
                keys_in_state: { 1: publicKeyOf(RELAY_PRIVATE_KEY) },
            },
        },
    ]);
});

it("does not count a key that the relay makes itself among the state's", () => {
    const change = changeOf(wireInputs({ alice }), { ...wireInputs({ alice, bob }), identity: "host" });
    expect(records(change, {}).at(-1)?.details["keys_in_state"]).toEqual({});
});

it("records each kind of change in its own words", () => {
    const expires = "2027-06-01T00:00:00Z";
    const before = wireInputs({
        ...{ alice, bob, carol: peer("10.8.0.4", { publicKey: KEYS.carol }), dora: peer("10.8.0.5") },
    });
    const inputs = wireInputs({
        alicia: alice,
        bob: { ...bob, publicKey: KEYS.dave },
        carol: peer("10.8.0.14", { publicKey: KEYS.carol, routes: ["192.168.7.0/24"], expires }),
        dora: peer("10.8.0.5", { admitted: 2 }),
    });
    const registry = {
        alicia: registered({ ...alice, formerly: "alice" }),
        bob: registered({ address: "10.8.0.3", publicKey: KEYS.dave, replaces: KEYS.bob }),
        carol: registered({ address: "10.8.0.14", publicKey: KEYS.carol }),
        dora: registered({ address: "10.8.0.5", publicKey: "key of dora" }),
    };
    const all = records(changeOf(before, inputs), registry);
    expect(said(all)).toEqual([
        ["peer_rename", "Renamed alice to alicia (10.8.0.2) on relay hub"],
        ["key_rotate", "Rotated the key of bob (10.8.0.3) on relay hub"],
        ["peer_update", "Moved carol (10.8.0.14) on relay hub"],
        ["peer_update", "Changed the routes of carol (10.8.0.14) on relay hub"],
        ["peer_update", "Changed the expiry of carol (10.8.0.14) on relay hub"],
        ["psk_rotate", "Rotated the preshared key of dora (10.8.0.5) on relay hub"],
        SERVES("4 peers"),
    ]);
    expect(all[0]?.details).toMatchObject({ name: "alicia", formerly: "alice" });
    expect(all[1]?.details).toMatchObject({
        public_key: KEYS.dave,
        old_public_key: KEYS.bob,
        overlap_public_key: KEYS.bob,
    });
    expect(all[4]?.details).toMatchObject({ expires });
});

it("records that a peer had expired when the change arrived, and nothing else of it", () => {
    const expires = "2027-01-01T00:00:00Z";
    const inputs = wireInputs({ alice: { ...alice, expires }, bob });
    const registry = {
        alice: registered({ ...alice, status: "revoked", revokedAt: expires }),
        bob: registered({ ...bob }),
    };
    const [late, ...others] = records(changeOf(wireInputs({}), inputs), registry);
    expect(late).toEqual({
        action: "peer_expire",
        message: `Peer alice (10.8.0.2) had expired on ${expires} when the change reached relay hub: not added`,
        details: { relay: "hub", name: "alice", tunnel_ip: "10.8.0.2", expires },
    });
    expect(said(others)).toEqual([["peer_add", "Added peer bob (10.8.0.3) on relay hub"], SERVES("1 peer")]);
});

it("records a peer that was removed first, and is listed, as added again, without a new preshared key of its own", () => {
    const inputs = wireInputs({ alice: { ...alice, admitted: 2 } });
    const change = changeOf(wireInputs({ alice }), inputs);
    const removed = { ...NOTHING_REMOVED, keys: new Set([KEYS.alice]) };
    const registry = { alice: registered({ ...alice }) };
    expect(said(records(change, registry))).toEqual([
        ["psk_rotate", "Rotated the preshared key of alice (10.8.0.2) on relay hub"],
        SERVES("1 peer"),
    ]);
    const plain = { ...changeOf(wireInputs({ alice }), wireInputs({ alice })), removed };
    expect(said(records(plain, registry))).toEqual([
        ["peer_add", "Added peer alice (10.8.0.2) on relay hub"],
        SERVES("1 peer"),
    ]);
    expect(said(records({ ...change, removed }, registry))).toEqual([
        ["peer_add", "Reinstated peer alice (10.8.0.2) on relay hub"],
        SERVES("1 peer"),
    ]);
});

describe("many changes of a kind", () => {
    const one = (each: number): Announcement => ({ action: "one", message: String(each), details: {} });
    const several = (batch: number[]): Announcement => ({
        action: "batch",
        message: String(batch.length),
        details: {},
    });
    const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

    it("are recorded one by one up to a hundred, then in batches of five hundred", () => {
        expect(inBatches(numbers(100), one, several)).toHaveLength(100);
        expect(inBatches(numbers(1001), one, several).map(({ message }) => message)).toEqual(["500", "500", "1"]);
        expect(inBatches(numbers(3), one, several, 2).map(({ message }) => message)).toEqual(["3"]);
    });

    it("say how many peers, and list each with its key", () => {
        const peers = Object.fromEntries(
            numbers(101).map((n) => [
                `p${n}`,
                peer(`10.8.1.${n}`, { publicKey: Buffer.alloc(32, n).toString("base64") }),
            ]),
        );
        const registry = Object.fromEntries(
            Object.entries(peers).map(([name, each]) => [name, registered({ ...each })]),
        );
        const [added, ...rest] = records(changeOf(wireInputs({}), wireInputs(peers)), registry);
        expect(added).toMatchObject({ action: "peer_add", message: "Added 101 peers on relay hub" });
        expect(added?.details.peers).toHaveLength(101);
        expect(added?.details.peers).toContainEqual(
            expect.objectContaining({ name: "p7", tunnel_ip: "10.8.1.7", public_key: peers["p7"]?.publicKey }),
        );
        expect(said(rest)).toEqual([SERVES("101 peers")]);
    });
});

describe("a peer that comes back", () => {
    const now = { alice: registered({ ...alice, since: "2027-01-02T00:00:00Z" }) };
    const added = (past: object, more: Partial<RegistryPeer> = {}): object | undefined => {
        const inputs = wireInputs({ alice: { ...alice, ...more } });
        const change = changeOf(wireInputs({}), inputs, { registry: past });
        const [record] = outcomesOf(change, readWireGuardOutputs({ registry: now }), {});
        return record;
    };

    it("is reinstated, and was cut off then", () => {
        const past = { alice: registered({ ...alice, status: "revoked", revokedAt: "2027-01-01T00:00:00Z" }) };
        expect(added(past, { admitted: 2 })).toMatchObject({
            action: "peer_add",
            message: "Reinstated peer alice (10.8.0.2) on relay hub",
            details: { reinstated: true, admitted: 2, revoked_at: "2027-01-01T00:00:00Z" },
        });
    });

    it("is told as whom the key was cut off, when the name differs", () => {
        const past = { al: registered({ ...alice, status: "revoked", revokedAt: "2027-01-01T00:00:00Z" }) };
        const record = added(past, { admitted: 2 });
        expect(record).toMatchObject({ details: { reinstated: true, revoked_as: "al" } });
        expect(record).not.toHaveProperty("details.formerly");
    });

    it("is an ordinary addition when there was none before", () => {
        expect(added({})).toMatchObject({ action: "peer_add", message: "Added peer alice (10.8.0.2) on relay hub" });
        expect(added({})).not.toHaveProperty("details.reinstated");
    });
});

test("the page's first example is what an update writes", () => {
    const change = changeOf(wireInputs({ alice }), wireInputs({ alice, bob }));
    const registry = {
        alice: registered({ ...alice }),
        bob: registered({ address: "10.8.0.3", publicKey: KEYS.bob }),
    };
    const begun = beginOf(change);
    const written = [
        [`${begun.action}_begin`, begun.message],
        ...outcomesOf(change, { registry }, {}).map(({ action, message }) => [action, message]),
    ];
    const page = readFileSync(`${__dirname}/../../../../../docs/audit.md`, "utf8");
    const shown = page
        .split("\n")
        .filter((line) => /^2026-\S+Z +alice +/.test(line))
        .map((line) => /^\S+ +alice +(\S+) +(.*)$/.exec(line)!.slice(1, 3));
    expect(shown).toEqual(written.map(([action, message]) => [action, message!.replace("hub", "relay")]));
});
