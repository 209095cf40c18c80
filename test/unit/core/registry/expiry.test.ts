import type { Ledger } from "../../../../core/registry/model.js";
import { allocate } from "../../../../core/registry/index.js";
import type { PeerRequest } from "../../../../core/registry/request.js";

const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
const OTHER = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";
const NEW = "Z2VuZXJhdGVkIGtleSBvZiBjYXJvbCwgMzIgYnl0ZSE=";
const JUNE = "2027-06-01T00:00:00Z";
const JULY = "2027-07-01T00:00:00Z";
const before = new Date("2027-05-31T23:59:59Z");
const after = new Date("2027-06-01T00:00:00Z");

const ask = (peers: Record<string, PeerRequest>, ledger?: Ledger, now = after) =>
    allocate({ subnet: "10.8.0.0/24", reservedAddresses: [], peers, services: {} }, ledger, now);

const alice: PeerRequest = { publicKey: KEY, expires: JUNE };
const listed = ask({ alice, bob: { publicKey: OTHER } }, undefined, before).ledger;
const expired = ask({ alice, bob: { publicKey: OTHER } }, listed).ledger;

it("lists a peer until the second in which it expires, and says when", () => {
    expect(listed.peers.alice).toEqual({ address: "10.8.0.2", publicKey: KEY, expires: JUNE });
});

it("retires the peer from then on, keeps its address, and moves no other peer", () => {
    const result = ask({ alice, bob: { publicKey: OTHER } }, listed);
    expect(result).toMatchObject({
        problems: [],
        renamed: [],
        expired: [{ name: "alice", expires: JUNE, was: "listed" }],
    });
    expect(result.ledger.peers).toEqual({ bob: listed.peers.bob });
    expect(result.ledger.retired.peers).toEqual({
        alice: { address: "10.8.0.2", publicKey: KEY, expires: JUNE, keyEpoch: 1 },
    });
});

it("is quiet about it afterwards, whether or not the program still names the peer", () => {
    const again = ask({ alice, bob: { publicKey: OTHER } }, expired);
    expect(again.ledger).toEqual(expired);
    expect(again.expired).toEqual([{ name: "alice", expires: JUNE, was: "retired" }]);
    const { keyEpoch: _gone, ...remembered } = expired.retired.peers.alice!;
    expect(ask({ bob: { publicKey: OTHER } }, expired).ledger.retired.peers).toEqual({ alice: remembered });
});

it("never admits a peer that had expired before it was ever listed", () => {
    const { ledger, expired: late, problems } = ask({ alice }, undefined);
    expect({ ledger, late, problems }).toMatchObject({
        ledger: { peers: {}, retired: { peers: {} } },
        late: [{ name: "alice", was: "new" }],
        problems: [],
    });
});

it("takes an expiry that is put off in time for a change and nothing else", () => {
    const { ledger, problems } = ask({ alice: { ...alice, expires: JULY } }, listed, before);
    expect(problems).toEqual([]);
    expect(ledger.peers.alice).toEqual({ ...listed.peers.alice, expires: JULY });
});

it.each([
    ["put off", { ...alice, expires: JULY }],
    ["taken away", { publicKey: KEY }],
])("refuses its key when the expiry is %s after it passed, sealed or not, and says what to write", (_what, asked) => {
    for (const ledger of [listed, expired]) {
        expect(ask({ alice: asked }, ledger).problems).toEqual([
            {
                path: "peers.alice.publicKey",
                problem: `was revoked when "alice" expired on ${JUNE}`,
                fix: `give a new key, or set reinstate: true if this one is to be trusted again`,
            },
        ]);
    }
});

it("admits it again when the program says so, or with a different key: the same address, the next epoch", () => {
    for (const asked of [
        { ...alice, expires: JULY, reinstate: true },
        { publicKey: NEW, expires: JULY },
    ]) {
        const { ledger, problems } = ask({ alice: asked, bob: { publicKey: OTHER } }, expired);
        expect(problems).toEqual([]);
        expect(ledger.peers.alice).toMatchObject({ address: "10.8.0.2", admitted: 2, expires: JULY });
        expect(ledger.retired.peers).toEqual({});
    }
});

it("does not let a key that expired back under another name", () => {
    for (const ledger of [listed, expired])
        expect(ask({ alicia: { publicKey: KEY } }, ledger)).toMatchObject({
            renamed: [],
            problems: [{ path: "peers.alicia.publicKey" }],
        });
});

describe("a generated key, which the registry does not know", () => {
    const nas: PeerRequest = { expires: JUNE, keyEpoch: 2 };
    const gone = ask({ nas }, ask({ nas }, undefined, before).ledger).ledger;

    it("is refused while it is the one that expired", () => {
        expect(ask({ nas: { ...nas, expires: JULY } }, gone).problems).toEqual([
            {
                path: "peers.nas.expires",
                problem: `was not put off in time: "nas" expired on ${JUNE}, and its key counts as revoked since`,
                fix: `raise keyEpoch for a new key, or set reinstate: true if this one is to be trusted again`,
            },
        ]);
    });

    it("comes back with a higher epoch, with reinstate, or when it was made anew", () => {
        expect(ask({ nas: { keyEpoch: 3 } }, gone).problems).toEqual([]);
        expect(ask({ nas: { keyEpoch: 2, reinstate: true } }, gone).problems).toEqual([]);
        const left = ask({}, gone).ledger;
        expect(ask({ nas: { keyEpoch: 1 } }, left).problems).toEqual([]);
    });
});

it("retires at once whose expiry is moved into the past", () => {
    const { ledger } = ask({ bob: { publicKey: OTHER, expires: "2027-01-01T00:00:00Z" } }, listed);
    expect(ledger.peers).toEqual({});
    expect(ledger.retired.peers.bob).toMatchObject({ publicKey: OTHER, expires: "2027-01-01T00:00:00Z" });
});
