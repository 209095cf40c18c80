import { allocate } from "../../../../core/registry/index.js";
import { key, request, after, addresses, reasons } from "./requests.js";

describe("public keys", () => {
    it("are refused for two peers", () => {
        expect(
            reasons(allocate(request({ bob: { publicKey: key(1) }, alice: { publicKey: key(1) } }), undefined)),
        ).toEqual(['peers.bob.publicKey: is also the key of "alice"; give each peer its own key']);
    });

    it("that are none are refused", () => {
        expect(reasons(allocate(request({ alice: { publicKey: "x" } }), undefined))).toEqual([
            "peers.alice.publicKey: is not a WireGuard public key: it is 0 bytes of base64, not 32; give the output of `wg pubkey`",
        ]);
    });

    const revoked = [request({ alice: { publicKey: key(1) } }), request({})];
    const refused =
        'was revoked when "alice" was removed; give a new key, or set reinstate: true if this one is to be trusted again';

    it.each(["alice", "bob"])("do not come back after a revocation, as %s", (name) => {
        const result = allocate(request({ [name]: { publicKey: key(1) } }), after(...revoked));
        expect(reasons(result)).toEqual([`peers.${name}.publicKey: ${refused}`]);
    });

    it.each(["alice", "bob"])("come back when reinstated, as %s, and stay without the word", (name) => {
        const ledger = after(
            ...revoked,
            request({ [name]: { publicKey: key(1), reinstate: true } }),
            request({ [name]: { publicKey: key(1) } }),
        );
        expect(ledger.peers[name]).toMatchObject({ publicKey: key(1), ...(name === "alice" && { admitted: 2 }) });
        expect(ledger.retired).toEqual({
            peers: name === "alice" ? {} : { alice: { address: "10.8.0.2" } },
            services: {},
        });
    });

    it("do not come back under a name that returned with another one", () => {
        const ledger = after(...revoked, request({ alice: { publicKey: key(2) } }));
        expect(ledger.retired).toEqual({ peers: {}, services: {}, keys: [key(1)] });
        expect(reasons(allocate(request({ alice: { publicKey: key(1) } }), ledger))).toEqual([
            "peers.alice.publicKey: was revoked earlier; give a new key, or set reinstate: true if this one is to be trusted again",
        ]);
    });

    it("do not come back after they were replaced", () => {
        const ledger = after(
            request({ alice: { publicKey: key(1) } }),
            request({ alice: { publicKey: key(2) } }),
            request({ alice: { publicKey: key(2) } }),
        );
        expect(ledger.peers.alice).toMatchObject({ address: "10.8.0.2" });
        expect(reasons(allocate(request({ alice: {}, mallory: { publicKey: key(1) } }), ledger))).toEqual([
            "peers.mallory.publicKey: was revoked earlier; give a new key, or set reinstate: true if this one is to be trusted again",
        ]);
    });

    it("may be swapped between two who stay", () => {
        const ledger = after(
            request({ alice: { publicKey: key(1) }, bob: { publicKey: key(2) } }),
            request({ alice: { publicKey: key(2) }, bob: { publicKey: key(1) } }),
        );
        expect(ledger.retired).toEqual({ peers: {}, services: {} });
    });

    it("of somebody dropped are not another old name's to take", () => {
        const ledger = after(request({ alice: { publicKey: key(1) }, bob: { publicKey: key(2) } }));
        expect(reasons(allocate(request({ bob: { publicKey: key(1) } }), ledger))).toEqual([
            `peers.bob.publicKey: ${refused}`,
        ]);
    });
});

describe("a rename", () => {
    it("keeps address and admission, and is reported", () => {
        const before = after(request({ alice: { publicKey: key(1) }, bob: {} }));
        const result = allocate(request({ alicia: { publicKey: key(1) }, bob: {} }), before);
        expect(result.renamed).toEqual([{ from: "alice", to: "alicia" }]);
        expect(result.ledger.peers.alicia).toMatchObject({ address: "10.8.0.2" });
        // The old name is remembered: it had a preshared key that may not be derived again.
        expect(result.ledger.retired.peers).toEqual({ alice: { address: "" } });
        expect(allocate(request({ alicia: { publicKey: key(1) }, bob: {} }), result.ledger)).toEqual({
            ledger: result.ledger,
            problems: [],
            renamed: [],
            renamedServices: [],
            expired: [],
        });
    });

    it("to a pinned address leaves the old one retired", () => {
        const ledger = after(
            request({ alice: { publicKey: key(1) } }),
            request({ alicia: { publicKey: key(1), address: "10.8.0.9" }, bob: {} }),
        );
        expect(addresses(ledger)).toEqual({ alicia: "10.8.0.9", bob: "10.8.0.3" });
        expect(ledger.retired.peers).toEqual({ alice: { address: "10.8.0.2" } });
    });

    it("back to a name of long ago does not bring back what was derived for it", () => {
        const ledger = after(
            request({ alice: { publicKey: key(1) } }),
            request({ alicia: { publicKey: key(1) } }),
            request({ alice: { publicKey: key(1) } }),
        );
        expect(ledger.peers).toMatchObject({ alice: { address: "10.8.0.2", admitted: 2 } });
    });
});
