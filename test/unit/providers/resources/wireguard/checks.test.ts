import { publicKeyOf } from "../../../../../core/keys/index.js";
import { checkKeys, refuseRevoked, unregistered } from "../../../../../providers/resources/wireguard/checks.js";
import { BY_EXPIRY } from "../../../../../providers/resources/wireguard/expiry.js";
import { KEYS, peer, registered, RELAY_PRIVATE_KEY, wireInputs } from "../relays.js";

const alice = peer("10.8.0.2", { publicKey: KEYS.alice });

it("every peer needs a usable key of its own, and none has the relay's", () => {
    const faults = (more: Record<string, string | undefined>) => [
        ...checkKeys(
            wireInputs(
                Object.fromEntries(
                    Object.entries(more).map(([name, publicKey], n) => [
                        name,
                        peer(`10.8.0.${n + 2}`, publicKey === undefined ? {} : { publicKey }),
                    ]),
                ),
            ),
        ),
    ];
    expect(faults({ alice: KEYS.alice, bob: KEYS.bob, carol: undefined })).toEqual([]);
    expect(faults({ alice: KEYS.alice, bob: KEYS.alice })).toMatchObject([
        { path: "peers.bob.publicKey", problem: expect.stringContaining("alice") as string },
    ]);
    expect(faults({ alice: publicKeyOf(RELAY_PRIVATE_KEY) })).toMatchObject([
        { problem: expect.stringContaining("the relay") as string },
    ]);
    expect(faults({ alice: "short" })).toMatchObject([{ path: "peers.alice.publicKey" }]);
});

it("a peer that the interface is told of and the registry does not have is refused", () => {
    const told = { ...wireInputs({ alice }), listed: ["alice", "bob"] };
    expect([...unregistered(told)]).toMatchObject([{ path: "peers.bob" }]);
    expect([...unregistered({ ...told, listed: ["alice"] })]).toEqual([]);
});

describe("a revoked key", () => {
    const revoked = registered({
        address: "10.8.0.2",
        publicKey: KEYS.alice,
        status: "revoked",
        revokedAt: "2026-05-01T00:00:00Z",
    });
    const refuse =
        (registry: Parameters<typeof refuseRevoked>[0]["registry"] & object, more = {}, name = "alice") =>
        () =>
            refuseRevoked({ registry }, wireInputs({ [name]: { ...alice, ...more } }));

    it("stays revoked under every name", () => {
        expect(refuse({ alice: revoked })).toThrow(
            /^peers\.alice\.publicKey: \S+ was revoked on 2026-05-01T00:00:00Z as alice; use a new key, or set `reinstate: true` on the peer of that name$/,
        );
        expect(refuse({ alice: revoked }, {}, "bob")).toThrow("peers.bob.publicKey");
        expect(refuse({ alice: revoked }, { admitted: 2 }, "bob")).toThrow("peers.bob.publicKey");
    });

    it("comes back to its name when that is admitted once more, or was renamed and is in use", () => {
        expect(refuse({ alice: revoked }, { admitted: 2 })).not.toThrow();
        expect(refuse({ al: revoked, alice: registered({ publicKey: KEYS.alice }) })).not.toThrow();
        expect(refuse({ bob: { ...revoked, publicKey: KEYS.bob } })).not.toThrow();
    });

    it("of a peer that expired during the last update is the ledger's to tell", () => {
        const expired = { ...revoked, by: BY_EXPIRY };
        expect(refuse({ alice: expired }, { expires: "2026-05-01T00:00:00Z" })).not.toThrow();
        expect(refuse({ alice: expired }, { expires: "2027-05-01T00:00:00Z" })).toThrow("was revoked");
    });
});
