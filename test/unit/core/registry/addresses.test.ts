import { request, after, addresses } from "./requests.js";

describe("what a peer has, it keeps", () => {
    it("when a peer that sorts before it is added or removed", () => {
        const ledger = after(
            request({ bob: {}, carol: {} }),
            request({ alice: {}, bob: {}, carol: {} }),
            request({ carol: {}, dora: {} }),
        );
        expect(addresses(ledger)).toEqual({ carol: "10.8.0.3", dora: "10.8.0.5" });
        expect(ledger.retired.peers).toEqual({
            alice: { address: "10.8.0.4" },
            bob: { address: "10.8.0.2" },
        });
    });

    it("when it goes and returns, admitted once more", () => {
        const ledger = after(
            request({ alice: {}, bob: {} }),
            request({ bob: {} }),
            request({ bob: {}, carol: {} }),
            request({ alice: {}, bob: {} }),
        );
        expect(ledger.peers.alice).toEqual({ address: "10.8.0.2", admitted: 2 });
        expect(ledger.retired.peers).toEqual({ carol: { address: "10.8.0.4" } });
    });

    it("when the subnet grows around it", () => {
        const ledger = after(
            request({ alice: {}, bob: {} }),
            request({ alice: {}, bob: {} }, { subnet: "10.8.0.0/16", subnet6: "fd12::/64" }),
        );
        expect(ledger.peers.bob).toMatchObject({ address: "10.8.0.3", address6: "fd12::3" });
    });

    it("and when the subnet moves, it keeps its place in it", () => {
        const ledger = after(
            request({ alice: {}, bob: { address: "10.8.0.77" } }),
            request({ alice: {}, bob: {}, carol: {} }, { subnet: "10.9.0.0/24" }),
        );
        expect(addresses(ledger)).toEqual({ alice: "10.9.0.2", bob: "10.9.0.77", carol: "10.9.0.3" });
    });

    it("but not when the program pins another one", () => {
        const ledger = after(
            request({ alice: {}, bob: {} }),
            request({ alice: { address: "10.8.0.9" }, bob: {}, carol: {} }),
        );
        expect(addresses(ledger)).toEqual({ alice: "10.8.0.9", bob: "10.8.0.3", carol: "10.8.0.2" });
    });

    it("and two may swap theirs by pinning", () => {
        const ledger = after(
            request({ alice: {}, bob: {} }),
            request({ alice: { address: "10.8.0.3" }, bob: { address: "10.8.0.2" } }),
        );
        expect(addresses(ledger)).toEqual({ alice: "10.8.0.3", bob: "10.8.0.2" });
    });
});

describe("a retired address", () => {
    const small = { subnet: "10.8.0.0/29" };

    it("is given out when nothing else is left, the longest retired first", () => {
        const history = [
            request({ a: {}, b: {}, c: {}, d: {}, e: {} }, small),
            request({ a: {}, b: {}, d: {} }, small),
            request({ b: {}, d: {} }, small),
        ];
        expect(after(...history).retired.peers).toEqual({
            a: { address: "10.8.0.2" },
            c: { address: "10.8.0.4" },
            e: { address: "10.8.0.6" },
        });
        const ledger = after(...history, request({ b: {}, d: {}, f: {} }, small));
        expect(addresses(ledger)).toEqual({ b: "10.8.0.3", d: "10.8.0.5", f: "10.8.0.2" });
        expect(ledger.retired.peers.a).toEqual({ address: "" });
    });

    it("of somebody who leaves now goes last", () => {
        const ledger = after(
            request({ a: {}, b: {}, c: {}, d: {}, e: {} }, small),
            request({ a: {}, b: {}, c: {}, d: {} }, small),
            request({ b: {}, c: {}, d: {}, f: {} }, small),
        );
        expect(addresses(ledger)).toMatchObject({ f: "10.8.0.6" });
        expect(ledger.retired.peers).toEqual({
            a: { address: "10.8.0.2" },
            e: { address: "" },
        });
    });

    it("goes to the peer that pins it, and its former holder gets another when it returns", () => {
        const ledger = after(
            request({ alice: {} }),
            request({}),
            request({ bob: { address: "10.8.0.2" } }),
            request({ alice: {}, bob: {} }),
        );
        expect(ledger.peers).toMatchObject({
            alice: { address: "10.8.0.3", admitted: 2 },
            bob: { address: "10.8.0.2" },
        });
        expect(ledger.retired.peers).toEqual({});
    });
});
