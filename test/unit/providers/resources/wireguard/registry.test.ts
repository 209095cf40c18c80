import { fingerprint } from "../../../../../core/keys/index.js";
import type { Properties } from "../../../../../providers/resources/resource.js";
import type { WireGuardInputs } from "../../../../../providers/resources/wireguard/inputs.js";
import { registryAfter, type RegistryEntry } from "../../../../../providers/resources/wireguard/registry.js";
import { changeOf, KEYS, peer, wireInputs } from "../relays.js";

const THEN = "2026-01-01T00:00:00.000Z";
const NOW = "2026-02-01T00:00:00.000Z";

const alice = peer("10.8.0.2", { publicKey: KEYS.alice });
const bob = peer("10.8.0.3", { publicKey: KEYS.bob });

const active = (address: string, publicKey: string, more: Partial<RegistryEntry> = {}): RegistryEntry => ({
    address,
    publicKey,
    fingerprint: fingerprint(publicKey),
    status: "active",
    since: THEN,
    ...more,
});

function after(before: {
    registry: Record<string, RegistryEntry>;
    was: Properties | undefined;
    is: Properties;
    onWire: string[] | undefined;
    cut?: Record<string, string>;
}): Record<string, RegistryEntry> {
    const { registry, was, is, onWire } = before;
    return registryAfter(changeOf(was, is), registry, is as unknown as WireGuardInputs, {
        onWire: new Set(onWire),
        cut: new Map(Object.entries(before.cut ?? {})),
        replaced: new Map(),
        now: NOW,
        by: "ops",
    });
}

describe("the registry after an apply", () => {
    it("has everybody who is on the wire, sorted by name", () => {
        const found = after({
            registry: {},
            was: undefined,
            is: wireInputs({ bob, alice }),
            onWire: [KEYS.alice, KEYS.bob],
        });
        expect(found).toStrictEqual({
            alice: active("10.8.0.2", KEYS.alice, { since: NOW }),
            bob: active("10.8.0.3", KEYS.bob, { since: NOW }),
        });
        expect(Object.keys(found)).toEqual(["alice", "bob"]);
    });

    it("remembers since when a key is admitted, and who was revoked when", () => {
        expect(
            after({
                registry: { alice: active("10.8.0.2", KEYS.alice), bob: active("10.8.0.3", KEYS.bob) },
                was: wireInputs({ alice, bob }),
                is: wireInputs({ alice }),
                onWire: [KEYS.alice],
            }),
        ).toStrictEqual({
            alice: active("10.8.0.2", KEYS.alice),
            bob: { ...active("10.8.0.3", KEYS.bob), status: "revoked", revokedAt: NOW, by: "ops" },
        });
    });

    it("does not revoke anybody twice", () => {
        const revoked: RegistryEntry = { ...active("10.8.0.3", KEYS.bob), status: "revoked", revokedAt: THEN };
        const unchanged = wireInputs({ alice });
        expect(
            after({
                registry: { alice: active("10.8.0.2", KEYS.alice), bob: revoked },
                was: unchanged,
                is: unchanged,
                onWire: [KEYS.alice],
            }).bob,
        ).toStrictEqual(revoked);
    });

    it("counts a new key from now on", () => {
        const rekeyed = { ...alice, publicKey: KEYS.carol };
        expect(
            after({
                registry: { alice: active("10.8.0.2", KEYS.alice) },
                was: wireInputs({ alice }),
                is: wireInputs({ alice: rekeyed }),
                onWire: [KEYS.carol],
            }),
        ).toStrictEqual({ alice: active("10.8.0.2", KEYS.carol, { since: NOW }) });
    });

    it("keeps the history of one who is renamed, also into a name that was revoked before", () => {
        const formerAlicia: RegistryEntry = { ...active("10.8.0.9", KEYS.dave), status: "revoked", revokedAt: THEN };
        for (const registry of [
            { alice: active("10.8.0.2", KEYS.alice) },
            { alice: active("10.8.0.2", KEYS.alice), alicia: formerAlicia },
        ]) {
            expect(
                after({
                    registry,
                    was: wireInputs({ alice }),
                    is: wireInputs({ alicia: alice }),
                    onWire: [KEYS.alice],
                }),
            ).toStrictEqual({ alicia: active("10.8.0.2", KEYS.alice, { formerly: "alice" }) });
        }
    });

    it("lets a revoked name return", () => {
        const returning = { ...bob, admitted: 2 };
        expect(
            after({
                registry: { bob: { ...active("10.8.0.3", KEYS.bob), status: "revoked", revokedAt: THEN } },
                was: wireInputs({}),
                is: wireInputs({ bob: returning }),
                onWire: [KEYS.bob],
            }),
        ).toStrictEqual({ bob: active("10.8.0.3", KEYS.bob, { since: NOW, admitted: 2 }) });
    });

    it("finds generated keys, and IPv6 addresses", () => {
        const carol = peer("10.8.0.4", { address6: "fd12::4" });
        expect(
            after({
                registry: {},
                was: undefined,
                is: wireInputs({ carol }, { publicKeys: { carol: KEYS.carol } }),
                onWire: [KEYS.carol],
            }),
        ).toStrictEqual({ carol: active("10.8.0.4", KEYS.carol, { address6: "fd12::4", since: NOW }) });
    });
});

describe("the registry after an apply that failed", () => {
    const registry = { alice: active("10.8.0.2", KEYS.alice), bob: active("10.8.0.3", KEYS.bob) };

    it("revokes no peer that is listed: the next apply adds it back", () => {
        const both = wireInputs({ alice, bob });
        expect(after({ registry, was: both, is: both, onWire: [KEYS.alice] })).toStrictEqual(registry);
        expect(after({ registry, was: both, is: both, onWire: undefined })).toStrictEqual(registry);
    });

    it("has nobody who was never connected", () => {
        expect(after({ registry: {}, was: undefined, is: wireInputs({ alice }), onWire: [] })).toStrictEqual({});
    });

    it("does not call revoked who is still on the wire", () => {
        expect(
            after({
                registry,
                was: wireInputs({ alice, bob }),
                is: wireInputs({ alice }),
                onWire: [KEYS.alice, KEYS.bob],
            }),
        ).toStrictEqual(registry);
    });

    it("revokes a key that was replaced, though the new one is not on the wire yet", () => {
        const rekeyed = { ...alice, publicKey: KEYS.carol };
        expect(
            after({
                registry: { alice: active("10.8.0.2", KEYS.alice) },
                was: wireInputs({ alice }),
                is: wireInputs({ alice: rekeyed }),
                onWire: [],
            }),
        ).toStrictEqual({ alice: { ...active("10.8.0.2", KEYS.alice), status: "revoked", revokedAt: NOW, by: "ops" } });
    });
});
