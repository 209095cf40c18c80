import { fingerprint } from "../../../../../core/keys/index.js";
import type { RegisteredPeer } from "../../../../../core/registry/model.js";
import { parseReceipt } from "../../../../../providers/hosts/receipt.js";
import type { ServedService } from "../../../../../providers/resources/script/inputs.js";
import { receiptRecords } from "../../../../../providers/resources/script/records.js";
import type { Announcement } from "../../../../../providers/resources/relay/announcement.js";
import { receiptText, type Told } from "../receipts.js";
import { KEYS, registered } from "../relays.js";
import { scriptInputs } from "./scripts.js";

type State = Parameters<typeof receiptRecords>[2];

const state = (registry: State["registry"] = {}, served: State["served"] = {}): State => ({ registry, served });
const records = (told: Told, before: State, after: State): Announcement[] =>
    receiptRecords(scriptInputs(), parseReceipt(receiptText(told), "host.receipt"), before, after);
/** What is recorded besides that a receipt came back. */
const others = (before: State, after: State, told: Told = {}): [string, string][] =>
    records(told, before, after)
        .slice(1)
        .map(({ action, message }) => [action, message]);

const alice = registered({ address: "10.8.0.2", address6: "fd12::2", publicKey: KEYS.alice });
const revoked = (entry: RegisteredPeer): RegisteredPeer => ({ ...entry, status: "revoked" });

it("a receipt is recorded with its script, the machine and the relay's key", () => {
    const [record] = records({ peers: [KEYS.alice, KEYS.bob] }, state(), state());
    expect(record).toEqual({
        action: "script_receipt",
        message: "Relay hub reports its script of 2026-01-02T03:04:05.678Z: 2 peers on the interface",
        details: {
            relay: "hub",
            edition: "2026-01-02T03:04:05.678Z",
            script: "ab".repeat(32),
            generation: 7,
            machine: "m1",
            public_key: KEYS.dave,
        },
    });
    expect(records({ peers: [KEYS.alice] }, state(), state())[0]?.message).toBe(
        "Relay hub reports its script of 2026-01-02T03:04:05.678Z: 1 peer on the interface",
    );
});

it("who is on the interface since, with which key, and who is not any more", () => {
    const bob = registered({ address: "10.8.0.3", publicKey: KEYS.bob });
    const carol = registered({ address: "10.8.0.4", publicKey: KEYS.carol });
    const before = state({ alice, bob });
    const after = state({ alice: { ...alice, publicKey: KEYS.dave }, bob: revoked(bob), carol });
    expect(others(before, after)).toEqual([
        ["peer_add", "Added peer carol (10.8.0.4), according to the receipt of relay hub"],
        ["key_rotate", "Rotated the key of peer alice (10.8.0.2), according to the receipt of relay hub"],
        ["peer_remove", "Removed peer bob (10.8.0.3), according to the receipt of relay hub"],
    ]);
    const [, added, rotated, removed] = records({}, before, after);
    expect(added?.details).toEqual({
        relay: "hub",
        name: "carol",
        tunnel_ip: "10.8.0.4",
        public_key: KEYS.carol,
        fingerprint: fingerprint(KEYS.carol),
    });
    expect(rotated?.details).toMatchObject({
        tunnel_ip6: "fd12::2",
        public_key: KEYS.dave,
        old_public_key: KEYS.alice,
    });
    expect(removed?.details).toMatchObject({
        name: "bob",
        proof: `the receipt of script ${"ab".repeat(8)}, generation 7: the key is no longer on the interface`,
    });
    expect(others(after, after)).toEqual([]);
});

it("a key that was revoked and is back is reinstated", () => {
    const details = (was: RegisteredPeer | undefined, now: RegisteredPeer): object | undefined =>
        records({}, state(was === undefined ? {} : { alice: was }), state({ alice: now }))[1]?.details;
    expect(details(revoked(alice), alice)).toMatchObject({ reinstated: true });
    expect(details(undefined, { ...alice, admitted: 2 })).toMatchObject({ reinstated: true });
    expect(details(undefined, alice)).not.toHaveProperty("reinstated");
    expect(details(revoked({ ...alice, publicKey: KEYS.bob }), alice)).not.toHaveProperty("reinstated");
});

it("a key that the relay removed is unknown only if no peer ever had it", () => {
    const removed = [KEYS.alice, KEYS.carol];
    expect(others(state({ alice }), state({ alice: revoked(alice) }), { removed }).slice(1)).toEqual([
        [
            "drift_overwritten",
            `unknown peer ${fingerprint(KEYS.carol)} (${KEYS.carol}) was configured on the interface but not declared in the program, and was removed`,
        ],
    ]);
});

it("services are opened and closed where the relay says so", () => {
    const service = (open: boolean): ServedService => ({
        url: "https://wiki.qp-tunnel.internal:8443",
        addressUrl: "https://10.8.0.1:8443",
        port: 8443,
        upstream: "10.8.0.3:3000",
        state: open ? "open" : "waits",
    });
    const between = (then: State["served"], now: State["served"]): [string, string][] =>
        others(state({}, then), state({}, now));
    const at = "https://wiki.qp-tunnel.internal:8443, according to the receipt";
    expect(between({}, { wiki: service(true) })).toEqual([["service_open", `Opened wiki at ${at}`]]);
    expect(between({ wiki: service(true) }, { wiki: service(false) })).toEqual([
        ["service_close", `Closed wiki at ${at}`],
    ]);
    expect(between({ wiki: service(true) }, {})).toEqual([["service_close", `Closed wiki at ${at}`]]);
    expect(between({}, { wiki: service(false) })).toEqual([]);
    expect(between({ wiki: service(true) }, { wiki: service(true) })).toEqual([]);
});

it("more than a hundred peers are recorded in batches of five hundred", () => {
    const many = (count: number): State["registry"] =>
        Object.fromEntries(
            Array.from({ length: count }, (_, n) => [
                `p${n}`,
                registered({ address: `10.8.0.${n}`, publicKey: Buffer.alloc(32, n % 256).toString("base64") }),
            ]),
        );
    expect(others(state(), state(many(100)))).toHaveLength(100);
    expect(others(state(), state(many(501)))).toEqual([
        ["peer_add", "Added 500 peers, according to the receipt of relay hub"],
        ["peer_add", "Added 1 peer, according to the receipt of relay hub"],
    ]);
});
