import type { Ledger } from "../../../../core/registry/model.js";
import { publicKeyOf } from "../../../../core/keys/index.js";
import { allocate, type Allocation } from "../../../../core/registry/index.js";
import type { PeerRequest, RegistryRequest } from "../../../../core/registry/request.js";

const key = (number: number): string => publicKeyOf(Buffer.alloc(32, number).toString("base64"));

function request(
    peers: Record<string, Partial<PeerRequest>>,
    more: Partial<Omit<RegistryRequest, "peers">> = {},
): RegistryRequest {
    return {
        subnet: "10.8.0.0/24",
        reservedAddresses: [],
        services: {},
        ...more,
        peers: Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, { ...peer }])),
    };
}

/** The ledger after a history of requests, each of which must be without fault. */
function after(...history: RegistryRequest[]): Ledger {
    let ledger: Ledger | undefined;
    for (const step of history) {
        const result = allocate(step, ledger);
        expect(result.problems).toEqual([]);
        ({ ledger } = result);
    }
    return ledger as Ledger;
}

function addresses(ledger: Ledger): Record<string, string> {
    return Object.fromEntries(Object.entries(ledger.peers).map(([name, { address }]) => [name, address]));
}

function reasons(result: Allocation): string[] {
    return result.problems.map(({ path, reason }) => `${path}: ${reason}`);
}

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

describe("what a peer has, she keeps", () => {
    it("when somebody sorted before her arrives or leaves", () => {
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

    it("when she goes and returns, admitted once more", () => {
        const ledger = after(
            request({ alice: {}, bob: {} }),
            request({ bob: {} }),
            request({ bob: {}, carol: {} }),
            request({ alice: {}, bob: {} }),
        );
        expect(ledger.peers.alice).toEqual({ address: "10.8.0.2", admitted: 2 });
        expect(ledger.retired.peers).toEqual({ carol: { address: "10.8.0.4" } });
    });

    it("when the subnet grows around her", () => {
        const ledger = after(
            request({ alice: {}, bob: {} }),
            request({ alice: {}, bob: {} }, { subnet: "10.8.0.0/16", subnet6: "fd12::/64" }),
        );
        expect(ledger.peers.bob).toMatchObject({ address: "10.8.0.3", address6: "fd12::3" });
    });

    it("and when the subnet moves, she keeps her place in it", () => {
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

    it("goes to whoever pins it, and its former holder gets another when she returns", () => {
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

describe("public keys", () => {
    it("are refused for two peers", () => {
        expect(
            reasons(allocate(request({ bob: { publicKey: key(1) }, alice: { publicKey: key(1) } }), undefined)),
        ).toEqual(['peers.bob.publicKey: is also the key of "alice"; give each peer a key of her own']);
    });

    it("that are none are refused", () => {
        expect(reasons(allocate(request({ alice: { publicKey: "x" } }), undefined))).toEqual([
            "peers.alice.publicKey: is not a WireGuard public key: it is 0 bytes of base64, not 32; give what `wg pubkey` printed",
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
        expect(result.problems).toEqual([{ path: "peers.alice.address", reason }]);
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
        expect(reasons(result)).toEqual(["peers.alice.address: 10.8.0.2 is reserved now; pin another address for her"]);
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
            'subnet: "10.8.0.1/24" is an address inside a network; write "10.8.0.0/24" for the network, or "10.8.0.1/32" for the one address',
            'subnet6: "fd12::/126" is too small for a tunnel; choose a prefix length from /48 to /124',
        ]);
        expect(reasons(allocate(request({}, { subnet6: "fd12::/124" }), undefined))).toEqual([
            'subnet6: "fd12::/124" has fewer addresses than "10.8.0.0/24", and a peer has the same place in both; choose a prefix length of at most /120',
        ]);
    });

    it("bad names, of peers and of services", () => {
        const result = allocate(request({ "a b": {}, Bob: {}, bob: {} }, { services: { then: {} } }), undefined);
        expect(result.problems.map(({ path }) => path)).toEqual(["peers.a b", "peers", "services.then"]);
    });
});

describe("ports", () => {
    const services = (...names: string[]): Partial<RegistryRequest> => ({
        services: Object.fromEntries(names.map((name) => [name, {}])),
    });

    it("stay with their names, and return with them", () => {
        const ledger = after(
            request({}, services("b", "c")),
            request({}, services("a", "c")),
            request({}, services("b", "c", "d")),
        );
        expect(ledger.services).toEqual({ b: { port: 8443 }, c: { port: 8444 }, d: { port: 8446 } });
        expect(ledger.retired.services).toEqual({ a: { port: 8445 } });
    });

    it("run out after 57 services, those of retired ones being used first", () => {
        const names = Array.from({ length: 57 }, (_, index) => `s${String(index).padStart(2, "0")}`);
        const [gone, ...staying] = names;
        const full = after(request({}, services(...names)), request({}, services(...staying, "new")));
        expect(full.services.new).toEqual({ port: 8443 });
        expect(full.retired.services).toEqual({ [gone as string]: { port: 0 } });
        expect(reasons(allocate(request({}, services(...staying, "new", "one-more")), full))).toEqual([
            'services.one-more: there is no port left for "one-more": the pool 8443-8499 has 57; give the service a port outside it, or remove a service',
        ]);
    });

    it("may be pinned, to one that is free", () => {
        const result = allocate(
            request({}, { services: { a: { port: 8443 }, b: { port: 8443 }, c: { port: 70000 } } }),
            undefined,
        );
        expect(reasons(result)).toEqual([
            "services.c.port: 70000 is not a port; choose one from 1 to 65535",
            'services.b.port: 8443 belongs to "a"; choose another, or leave it out to have one allocated',
        ]);
    });

    it("outside the pool stay when no longer pinned", () => {
        const ledger = after(request({}, { services: { a: { port: 443 } } }), request({}, services("a")));
        expect(ledger.services).toEqual({ a: { port: 443 } });
    });
});
