import { faultText } from "../../../../core/fault.js";
import { allocate } from "../../../../core/registry/index.js";
import { key, request, after, addresses, reasons } from "./requests.js";

describe("a first allocation", () => {
    it("serves names in sorted order, whatever the order of declaration", () => {
        const result = allocate(
            request(
                {
                    nas: { routes: ["192.168.8.0/24", "192.168.7.0/24"] },
                    alice: { publicKey: key(1), expires: "2027-01-01T00:00:00Z" },
                },
                { subnet6: "fd12::/64", services: { wiki: {}, grafana: {}, git: { port: 2222 } } },
            ),
            undefined,
        );
        expect(result).toEqual({
            ledger: {
                peers: {
                    alice: {
                        address: "10.8.0.2",
                        address6: "fd12::2",
                        publicKey: key(1),
                        expires: "2027-01-01T00:00:00Z",
                    },
                    nas: {
                        address: "10.8.0.3",
                        address6: "fd12::3",
                        routes: ["192.168.7.0/24", "192.168.8.0/24"],
                    },
                },
                services: { git: { port: 2222 }, grafana: { port: 8443 }, wiki: { port: 8444 } },
                retired: { peers: {}, services: {} },
            },
            problems: [],
            renamed: [],
            renamedServices: [],
            expired: [],
        });
        expect(Object.keys(result.ledger.peers)).toEqual(["alice", "nas"]);
    });

    it("gives pinned addresses first and skips reserved ones", () => {
        const ledger = after(
            request({ alice: {}, bob: { address: "10.8.0.2" }, carol: {} }, { reservedAddresses: ["10.8.0.3"] }),
        );
        expect(addresses(ledger)).toEqual({ alice: "10.8.0.4", bob: "10.8.0.2", carol: "10.8.0.5" });
    });
});

describe("what cannot be", () => {
    it.each([
        [
            "10.9.0.7",
            '"10.9.0.7" is outside 10.8.0.0/24; choose one from 10.8.0.2 to 10.8.0.254, or leave it out to have one allocated',
        ],
        [
            "10.8.0.1",
            '"10.8.0.1" is the relay\'s own address; choose one from 10.8.0.2 to 10.8.0.254, or leave it out to have one allocated',
        ],
        [
            "10.8.0.0",
            '"10.8.0.0" is the network address of 10.8.0.0/24; choose one from 10.8.0.2 to 10.8.0.254, or leave it out to have one allocated',
        ],
        [
            "10.8.0.255",
            '"10.8.0.255" is the broadcast address of 10.8.0.0/24; choose one from 10.8.0.2 to 10.8.0.254, or leave it out to have one allocated',
        ],
        [
            "10.8.0.9",
            '"10.8.0.9" is reserved; choose one from 10.8.0.2 to 10.8.0.254, or leave it out to have one allocated',
        ],
        ["10.8.0.3", '"10.8.0.3" belongs to "bob"; choose another, or leave it out to have one allocated'],
        ["fd12::7", '"fd12::7" is an IPv6 address; give an IPv4 address'],
    ])("pinning %s", (address, reason) => {
        const before = after(request({ alice: {}, bob: {} }));
        const result = allocate(request({ alice: { address }, bob: {} }, { reservedAddresses: ["10.8.0.9"] }), before);
        expect(result.problems.map(faultText)).toEqual([`peers.alice.address: ${reason}`]);
    });

    it("the same address pinned twice", () => {
        const result = allocate(request({ alice: { address: "10.8.0.9" }, bob: { address: "10.8.0.9" } }), undefined);
        expect(reasons(result)).toEqual([
            'peers.bob.address: "10.8.0.9" belongs to "alice"; choose another, or leave it out to have one allocated',
        ]);
    });

    it("an address that became reserved under its holder", () => {
        const result = allocate(
            request({ alice: {} }, { reservedAddresses: ["10.8.0.2"] }),
            after(request({ alice: {} })),
        );
        expect(reasons(result)).toEqual([
            "peers.alice.address: 10.8.0.2 is reserved now; pin another address for this peer",
        ]);
    });

    it("more peers than addresses", () => {
        const result = allocate(request({ alice: {}, bob: {}, carol: {} }, { subnet: "10.8.0.0/30" }), undefined);
        expect(reasons(result)).toEqual([
            'peers.bob: there is no address left for "bob": 10.8.0.0/30 has room for 1 peer; choose a larger subnet around this one (addresses stay), or remove a peer',
            'peers.carol: there is no address left for "carol": 10.8.0.0/30 has room for 1 peer; choose a larger subnet around this one (addresses stay), or remove a peer',
        ]);
    });

    it("an epoch that goes back", () => {
        const result = allocate(request({ alice: {} }), after(request({ alice: { keyEpoch: 2 } })));
        expect(reasons(result)).toEqual([
            "peers.alice.keyEpoch: went back from 2 to 1, which would bring replaced keys back; keep it, or raise it to rotate",
        ]);
    });

    it("bad subnets, and then nothing else is looked at", () => {
        const result = allocate(request({ "a b": {} }, { subnet: "10.8.0.1/24", subnet6: "fd12::/126" }), undefined);
        expect(reasons(result)).toEqual([
            'subnet: "10.8.0.1/24" is an address inside a network; write "10.8.0.0/24" for the network, or "10.8.0.1/32" for the single address',
            'subnet6: "fd12::/126" is too small for a tunnel; choose a prefix length from /48 to /124',
        ]);
        expect(reasons(allocate(request({}, { subnet6: "fd12::/124" }), undefined))).toEqual([
            'subnet6: "fd12::/124" has fewer addresses than "10.8.0.0/24", and a peer has the same position in both; choose a prefix length of at most /120',
        ]);
    });

    it("bad names, of peers and of services", () => {
        const result = allocate(request({ "a b": {}, Bob: {}, bob: {} }, { services: { then: {} } }), undefined);
        expect(result.problems.map(({ path }) => path)).toEqual(["peers.a b", "peers", "services.then"]);
    });
});
