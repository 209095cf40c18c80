import { fingerprint } from "../../../../core/keys/index.js";
import { mockKey } from "../../../../core/mocks/keys.js";
import { MOCK_OUTPUTS } from "../../../../core/mocks/outputs.js";

const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

const answer = (type: string, output: string, inputs: Record<string, unknown>): unknown =>
    MOCK_OUTPUTS[type]![output]!({ name: `office-${type.toLowerCase()}`, inputs });

it("has every listed peer on the relay, with the key that is known of it", () => {
    const peers = {
        alice: { address: "10.8.0.2", publicKey: KEY },
        bob: { address: "10.8.0.3", address6: "fd00:8::3" },
        nas: { address: "10.8.0.4" },
    };
    const publicKeys = { bob: mockKey("public", "bob's own") };
    const since = "2000-01-01T00:00:00Z";
    const entry = (publicKey: string) => ({ publicKey, fingerprint: fingerprint(publicKey), status: "active", since });
    for (const type of ["WireGuard", "Script"]) {
        expect(answer(type, "registry", { peers, publicKeys })).toEqual({
            alice: { address: "10.8.0.2", ...entry(KEY) },
            bob: { address: "10.8.0.3", address6: "fd00:8::3", ...entry(publicKeys.bob) },
            nas: { address: "10.8.0.4", ...entry(mockKey("public", "nas")) },
        });
        expect(answer(type, "registry", {})).toEqual({});
    }
});

it("has every service open, under its name and its address", () => {
    const services = { wiki: { port: 8443, upstream: "10.8.0.3:80", certificate: "both", keyExchange: "require" } };
    expect(answer("Proxy", "served", { addresses: ["10.8.0.1"], appName: "qp-tunnel", services })).toEqual({
        wiki: {
            url: "https://wiki.qp-tunnel.internal:8443",
            addressUrl: "https://10.8.0.1:8443",
            upstream: "10.8.0.3:80",
            group: "mock",
            cipher: "mock",
        },
    });
});

it("gives the interface the public half of its owner's key pair", () => {
    for (const epoch of [1, 2]) {
        const publicKey = answer("KeyPair", "publicKey", { owner: "office", epoch });
        const relay = { relay: "office", epochs: [1, 2] };
        expect((answer("WireGuard", "epochs", relay) as Record<number, object>)[epoch]).toEqual({ publicKey });
        expect(answer("WireGuard", "publicKey", { ...relay, epochs: [epoch] })).toBe(publicKey);
    }
    const leaf = { relay: "office/nas", leaf: { name: "nas" }, epochs: [1] };
    expect(answer("WireGuard", "publicKey", leaf)).toBe(answer("KeyPair", "publicKey", { owner: "nas", epoch: 1 }));
});

it("has no private key that was handed out", () => {
    expect(answer("KeyPair", "privateKey", { owner: "bob", epoch: 1, handedOut: true })).toBe("");
    expect(answer("KeyPair", "privateKey", { owner: "bob", epoch: 1 })).toBe(mockKey("private", "bob"));
});
