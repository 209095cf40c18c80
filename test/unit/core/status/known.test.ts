import { knownRelay, type Parts } from "../../../../core/status/known.js";

const PARTS: Parts = {
    ...{ relay: "hub", host: "this machine", appName: "corp", epochs: { key: 1 } },
    peers: {
        bob: { address: "10.8.0.3", publicKey: "B" },
        alice: { address: "10.8.0.2", address6: "fd00::2", expires: "2027-01-01T00:00:00Z" },
    },
    publicKeys: { alice: "A", bob: "not this" },
    registry: {
        alice: { publicKey: "A", address: "10.8.0.2", status: "active", since: "2026-01-01T00:00:00Z", replaces: "A0" },
        carol: {
            publicKey: "C",
            address: "10.8.0.4",
            address6: "fd00::4",
            status: "revoked",
            since: "2025-01-01T00:00:00Z",
            revokedAt: "2026-02-02T00:00:00Z",
        },
    },
    addresses: ["10.8.0.1", "fd00::1"],
    services: { wiki: { port: 8443 }, files: { port: 443 } },
    served: { wiki: { group: "X25519MLKEM768", cipher: "none" } },
};

it("peers are those that are listed, with what became of them, and those that once were", () => {
    const { peers } = knownRelay(PARTS);
    expect(Object.keys(peers)).toEqual(["alice", "bob", "carol"]);
    expect(peers).toEqual({
        alice: {
            ...{ listed: true, publicKey: "A", former: "A0", addresses: ["10.8.0.2", "fd00::2"] },
            ...{ since: "2026-01-01T00:00:00Z", expires: "2027-01-01T00:00:00Z" },
        },
        bob: { listed: true, publicKey: "B", addresses: ["10.8.0.3"] },
        carol: {
            ...{ listed: false, publicKey: "C", addresses: ["10.8.0.4", "fd00::4"] },
            ...{ since: "2025-01-01T00:00:00Z", revokedAt: "2026-02-02T00:00:00Z" },
        },
    });
});

it("a peer whose key nobody knows yet has none", () => {
    const { peers } = knownRelay({ ...PARTS, peers: { dave: { address: "10.8.0.5" } }, registry: {} });
    expect(peers.dave).toEqual({ listed: true, publicKey: "", addresses: ["10.8.0.5"] });
});

it("services listen on each of the relay's addresses, and say what was negotiated when it could be asked", () => {
    const { services } = knownRelay(PARTS);
    expect(Object.keys(services)).toEqual(["files", "wiki"]);
    expect(services.wiki).toEqual({
        domain: "wiki.corp.internal",
        url: "https://wiki.corp.internal:8443",
        addressUrl: "https://10.8.0.1:8443",
        listeners: ["10.8.0.1:8443", "[fd00::1]:8443"],
        group: "X25519MLKEM768",
    });
    expect(services.files).not.toHaveProperty("group");
});
