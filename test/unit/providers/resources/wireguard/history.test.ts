import { AuditLog } from "../../../../../providers/audit/log.js";
import { BY_EXPIRY } from "../../../../../providers/resources/wireguard/expiry.js";
import { recordedKeys, recordedRegistry } from "../../../../../providers/resources/wireguard/history.js";
import { scratchProject } from "../../audit/scratch.js";
import { REF } from "../relay/lifecycle.js";
import { KEYS } from "../relays.js";

scratchProject();
const INPUTS = { audit: REF, relay: "hub" };
const tell = async (action: string, details: object, status?: "failure"): Promise<unknown> =>
    (await AuditLog.open(REF)).append({
        action,
        message: action,
        details: { relay: "hub", ...details },
        ...(status === undefined ? {} : { status }),
    });
const entry = (name: string, key: string, ip: string): object => ({
    name,
    public_key: key,
    fingerprint: "f",
    tunnel_ip: ip,
});

it("the log tells who was admitted, renamed, moved, rekeyed and removed, one by one or in batches", async () => {
    await tell("peer_add", { peers: [entry("alice", KEYS.alice, "10.8.0.2"), entry("bob", KEYS.bob, "10.8.0.3")] });
    await tell("peer_rename", { ...entry("robert", KEYS.bob, "10.8.0.3"), formerly: "bob" });
    await tell("peer_update", { name: "robert", tunnel_ip: "10.8.0.9", tunnel_ip6: "fd00::9" });
    await tell("key_rotate", entry("alice", KEYS.carol, "10.8.0.2"));
    await tell("peer_remove", entry("alice", KEYS.carol, "10.8.0.2"));
    const registry = await recordedRegistry(INPUTS);
    expect(registry).toMatchObject({
        alice: {
            publicKey: KEYS.carol,
            status: "revoked",
            by: expect.any(String) as string,
            revokedAt: expect.any(String) as string,
        },
        robert: { publicKey: KEYS.bob, status: "active", address: "10.8.0.9", address6: "fd00::9", formerly: "bob" },
    });
    expect(Object.keys(registry).sort()).toEqual(["alice", "robert"]);
    expect(await recordedKeys(INPUTS)).toEqual(new Set([KEYS.alice, KEYS.bob, KEYS.carol]));
});

it("an expiry revokes at its own time, and a failure revokes nobody", async () => {
    await tell("peer_add", entry("alice", KEYS.alice, "10.8.0.2"));
    await tell("peer_remove", entry("alice", KEYS.alice, "10.8.0.2"), "failure");
    expect(await recordedRegistry(INPUTS)).toMatchObject({ alice: { status: "active" } });
    await tell("peer_expire", { name: "alice", expires: "2026-05-01T00:00:00Z" });
    expect(await recordedRegistry(INPUTS)).toMatchObject({
        alice: { status: "revoked", by: BY_EXPIRY, revokedAt: "2026-05-01T00:00:00Z" },
    });
});

it("other relays' peers are theirs, and a relay's own stay with it when it is renamed", async () => {
    await tell("peer_add", { ...entry("alice", KEYS.alice, "10.8.0.2"), relay: "office" });
    await tell("peer_add", { ...entry("bob", KEYS.bob, "10.8.0.2"), relay: "lab" });
    await tell("relay_rename", { formerly: "office", from: "shop/dev/office", to: "shop/dev/hub" });
    expect(Object.keys(await recordedRegistry(INPUTS))).toEqual(["alice"]);
    expect(await recordedRegistry({ ...INPUTS, relay: "office" })).toEqual({});
    expect(await recordedKeys(INPUTS)).toEqual(new Set([KEYS.alice]));
});
