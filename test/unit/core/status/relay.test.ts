import fc from "fast-check";

import { fingerprint } from "../../../../core/keys/index.js";
import {
    CONNECTED_SECONDS,
    problemsOf,
    statusOf,
    unreachableStatus,
    type PeerStatus,
    type RelayAnswer,
    type ServedCertificate,
    type Thresholds,
} from "../../../../core/status/index.js";
import { changed, healthy, key, known, NOW, onWire } from "./relays.js";

const peer = (answer: RelayAnswer, name: string): PeerStatus =>
    statusOf(known, answer).peers.find((each) => each.name === name)!;
const problems = (answer: RelayAnswer, thresholds: Partial<Thresholds> = {}): string[] =>
    problemsOf(statusOf(known, answer), { expiring: 14, ...thresholds }, CONNECTED_SECONDS).map(
        ({ kind, name, message }) => `${kind}${name === undefined ? "" : ` ${name}`}: ${message}`,
    );

describe("peers of a relay that is as the state says", () => {
    const status = statusOf(known, healthy());

    it("are connected up to 180 s after a handshake, idle from then on, or were never there", () => {
        expect(Object.fromEntries(status.peers.map(({ name, state }) => [name, state]))).toEqual({
            alice: "connected",
            bob: "idle",
            carol: "never",
            dora: "never",
            erik: "expired",
            mallory: "revoked",
            oscar: "revoked",
        });
    });

    it("are told with all that the wire says of them", () => {
        expect(status.peers[0]).toEqual({
            name: "alice",
            state: "connected",
            publicKey: key("alice"),
            fingerprint: fingerprint(key("alice")),
            addresses: ["10.8.0.2"],
            handshake: "2026-11-25T11:57:00Z",
            age: 180,
            endpoint: "198.51.100.2:41000",
            received: 1536,
            sent: 5 * 1024 ** 3,
            epoch: 1,
            since: "2026-01-01T00:00:00Z",
        });
        expect(status.peers[2]).toMatchObject({
            name: "carol",
            handshake: null,
            age: null,
            endpoint: null,
            epoch: null,
        });
    });

    it("make no drift and no problem, whoever sleeps", () => {
        expect(status.drift).toEqual([]);
        expect(problems(healthy())).toEqual([]);
    });
});

describe("peers who are not as the state says", () => {
    it("are missing when a listed one is not on the wire", () => {
        const answer = changed((_answer, peers, set) => set(peers.slice(1)));
        expect(peer(answer, "alice").state).toBe("missing");
        expect(problems(answer)).toEqual(["drift: alice is not on wg0"]);
    });

    it("are rogue when nobody ever listed them", () => {
        const answer = changed((_answer, peers) => peers.push(onWire("intruder", { latestHandshake: NOW - 5 })));
        const rogue = statusOf(known, answer).peers.at(-1)!;
        expect(rogue).toMatchObject({ state: "rogue", addresses: ["10.8.0.99"], age: 5, publicKey: key("intruder") });
        expect(rogue).not.toHaveProperty("name");
        expect(problems(answer)).toEqual([
            `rogue: unknown peer ${fingerprint(key("intruder"))}, 10.8.0.99, is configured on the interface but not declared in the program`,
        ]);
    });

    it("are rogue under their name when they were revoked", () => {
        const answer = changed((_answer, peers) => peers.push(onWire("mallory")));
        expect(peer(answer, "mallory").state).toBe("rogue");
        expect(problems(answer)).toEqual([
            `rogue mallory: revoked peer mallory (${fingerprint(key("mallory"))}), 10.8.0.9, is configured on the interface; it was revoked on 2026-02-01T00:00:00Z`,
        ]);
    });

    it("have expired by the relay's clock, and are drift while they are still let in", () => {
        const still = changed((_answer, peers) => peers.push(onWire("erik", { latestHandshake: NOW - 1 })));
        expect(peer(still, "erik").state).toBe("connected");
        expect(problems(still)).toEqual(["drift: erik has expired and is still on the wire"]);
        const before = changed((answer, peers) => {
            answer.time = NOW - 2;
            peers.push(onWire("erik"));
        });
        expect(problems(before)).toEqual([
            "expiry erik: erik expires on 2026-11-25T11:59:59Z (in less than a day): the relay cuts it off at that moment; a later `expires` keeps it connected",
        ]);
    });
});

describe("a peer whose key is being replaced", () => {
    const former = { latestHandshake: NOW - 5, endpoint: "198.51.100.2:41000", received: 7, sent: 8 };
    const pair = { publicKey: key("alice"), former: key("alice before"), until: NOW + 3600 };
    const both = changed((answer, peers) => {
        answer.moving = [pair];
        peers[0] = { ...onWire("alice"), allowedIps: [] };
        peers.push({ ...onWire("alice"), ...former, publicKey: pair.former });
    });

    const rotating = { ...known, peers: { ...known.peers } };
    rotating.peers["alice"] = { ...known.peers["alice"]!, former: pair.former };

    it("is one peer with both keys", () => {
        const status = statusOf(rotating, both);
        expect(status.peers.filter((each) => each.state === "rogue")).toEqual([]);
        expect(status.peers[0]).toMatchObject({ name: "alice", state: "connected", age: 5, received: 7, sent: 8 });
        expect(status.drift).toEqual([]);
        expect(status.notes).toEqual([
            "alice has not used its new key yet: the former one works until then, until 2026-11-25T13:00:00Z at most",
        ]);
    });

    it("has no key that is waited for once it has expired", () => {
        const ended = structuredClone(rotating);
        ended.peers["alice"]!.expires = new Date(NOW * 1000).toISOString();
        const cut = changed((answer, peers) => {
            answer.moving = [pair];
            peers.shift();
        });
        expect(statusOf(ended, cut).peers[0]).toMatchObject({ name: "alice", state: "expired" });
        expect(statusOf(ended, cut).notes).toEqual([]);
    });

    it("has no former key that the relay alone names", () => {
        const status = statusOf(known, both);
        expect(status.peers.filter((each) => each.state === "rogue")).toMatchObject([{ publicKey: pair.former }]);
        expect(status.notes).toEqual([]);
    });

    it("is an unknown peer with its former key as soon as the relay no longer keeps that", () => {
        const over = changed((_answer, peers) => peers.push({ ...onWire("alice"), publicKey: pair.former }));
        expect(problems(over)).toEqual([expect.stringContaining(fingerprint(pair.former))]);
        const revoked = changed((answer, peers) => {
            answer.moving = [{ ...pair, publicKey: key("mallory") }];
            peers.push({ ...onWire("mallory"), publicKey: pair.former });
        });
        expect(problems(revoked)).toEqual([expect.stringContaining(fingerprint(pair.former))]);
    });
});

describe("two key epochs", () => {
    const both = changed((answer, peers) => {
        const moved = { latestHandshake: NOW - 3, endpoint: "198.51.100.2:5", received: 4, sent: 5 };
        answer.interfaces.push({
            name: "wg0-2",
            dump: {
                publicKey: key("relay 2"),
                listenPort: 51821,
                fwmark: 0,
                peers: peers.map(({ publicKey, allowedIps }) => ({
                    ...onWire("alice"),
                    ...{ publicKey, allowedIps },
                    ...(publicKey === key("alice") ? moved : {}),
                })),
            },
        });
    });

    it("count the newest handshake, and all bytes", () => {
        expect(peer(both, "alice")).toMatchObject({
            ...{ epoch: 2, age: 3, endpoint: "198.51.100.2:5" },
            ...{ received: 1540, sent: 5 * 1024 ** 3 + 5 },
        });
        expect(peer(both, "bob")).toMatchObject({ epoch: 1, endpoint: "198.51.100.3:41000" });
        expect(statusOf(known, both).interfaces.map(({ name, epoch, peers }) => [name, epoch, peers])).toEqual([
            ["wg0", 1, 4],
            ["wg0-2", 2, 4],
        ]);
    });

    it("name the interface that a peer is missing on", () => {
        both.interfaces[1]!.dump!.peers.pop();
        expect(problems(both)).toEqual(["drift: dora is not on wg0-2"]);
    });

    it("take the relay's own word for an epoch whose key the state does not know", () => {
        const strange = changed((answer) => {
            answer.interfaces[0]!.dump!.publicKey = key("another");
        });
        expect(problems(strange)).toEqual(["drift: the interface wg0 has a key that is not in the state"]);
        strange.interfaces[0]!.epoch = 7;
        expect(statusOf(known, strange).interfaces[0]!.epoch).toBe(7);
        expect(problems(strange)).toEqual([]);
    });
});

describe("the rest of a relay", () => {
    it("drifts without interface, table, proxy or listener", () => {
        const gone = changed((answer) => {
            delete answer.interfaces[0]!.dump;
            answer.table = false;
            answer.proxy = false;
        });
        expect(statusOf(known, gone).drift).toEqual([
            "the interface wg0 is gone or does not answer",
            "the firewall's table is missing: the tunnel is not protected",
            "the proxy does not run",
        ]);
        const deaf = changed((answer) => answer.listeners.pop());
        expect(statusOf(known, deaf).drift).toEqual(["the proxy does not listen for notes"]);
    });

    it("tells services with the certificate that ends last", () => {
        expect(statusOf(known, healthy()).services).toEqual([
            {
                name: "notes",
                url: "https://notes.qp-tunnel.internal:8444",
                addressUrl: "https://10.8.0.1:8444",
                running: true,
                certificate: { notAfter: "2026-12-25T11:59:59Z", daysLeft: 29, fingerprint: "ab".repeat(32) },
                group: null,
                cipher: null,
                probed: false,
            },
            expect.objectContaining({
                name: "wiki",
                certificate: expect.objectContaining({ daysLeft: 365 }),
                group: "X25519MLKEM768",
            }),
        ]);
    });

    it.each<[string, Partial<Thresholds>, string[]]>([
        [
            "a month before",
            { expiring: 30 },
            ["certificate notes: the certificate of notes ends in 29 days; the next `pulumi up` renews it"],
        ],
        ["later", { expiring: 29 }, []],
    ])("warns of a certificate that ends: %s", (_when, thresholds, expected) => {
        expect(problems(healthy(), thresholds)).toEqual(expected);
    });

    it("tells of a service's two certificates the one that ends first, and of each the newest", () => {
        const days = (answer: RelayAnswer): number | undefined =>
            statusOf(known, answer).services.find(({ name }) => name === "wiki")?.certificate?.daysLeft;
        const answer = changed((each) => {
            const ours = each.certificates.filter(({ names }) => names.some((name) => name.startsWith("wiki.")));
            for (const certificate of ours) certificate.kind = "ed25519";
            const [wiki] = ours as [ServedCertificate];
            const end = (left: number): string => new Date((NOW + left * 86_400) * 1000).toISOString();
            each.certificates.push(
                { ...wiki, kind: "ec", notAfter: end(3) },
                { ...wiki, kind: "ec", notAfter: end(20) },
            );
        });
        expect(days(answer)).toBe(20);
    });

    it.each<[string, Partial<Thresholds>, string[]]>([
        [
            "ten days before",
            { expiring: 10 },
            [
                "expiry carol: carol expires on 2026-12-05T11:00:00Z (in 9 days): the relay cuts it off at that moment; a later `expires` keeps it connected",
            ],
        ],
        ["earlier", { expiring: 9 }, []],
    ])("warns of a peer that expires, not of one that has: %s", (_when, thresholds, expected) => {
        const leaving = { ...known, peers: { ...known.peers } };
        leaving.peers["carol"] = { ...known.peers["carol"]!, expires: "2026-12-05T11:00:00Z" };
        const found = problemsOf(statusOf(leaving, healthy()), { expiring: 0, ...thresholds }, CONNECTED_SECONDS);
        expect(found.map(({ kind, name, message }) => `${kind} ${name}: ${message}`)).toEqual(expected);
    });

    it("says that a certificate has ended, or is not there", () => {
        const ended = changed((answer) => {
            answer.time += 31 * 24 * 3600;
            answer.certificates.shift();
        });
        expect(problems(ended).filter((each) => each.startsWith("certificate"))).toEqual([
            "certificate notes: the certificate of notes ended on 2026-12-25T11:59:59Z",
            "certificate wiki: the certificate of wiki ended on 2026-11-26T12:00:00Z",
        ]);
        const none = changed((answer) => (answer.certificates = []));
        expect(problems(none)).toHaveLength(2);
    });

    it("tells what the relay did by itself, and a line that nobody knows as it is", () => {
        const did = changed((answer) => {
            answer.journal = [`${NOW - 60}\tpeer_expire\tname=erik\tallowed_ips=10.8.0.6/32`, "something else"];
        });
        expect(statusOf(known, did).journal).toEqual([
            "Peer erik (10.8.0.6) expired and was cut off, on 2026-11-25T11:59:00Z by the relay itself",
            "something else",
        ]);
    });

    it("notes what waits and what was rolled back", () => {
        const waiting = changed((answer) => {
            answer.pending = ["network", "wg.conf"];
            answer.rolledBack = "2026-11-25T11:00:00Z";
        });
        expect(statusOf(known, waiting).notes).toEqual([
            "a change of network, wg.conf waits for its confirmation",
            "a change that was not confirmed was rolled back on 2026-11-25T11:00:00Z; the next `pulumi up` records it",
        ]);
    });
});

describe("what must be connected", () => {
    it.each<[Partial<Thresholds>, string[]]>([
        [{ required: ["alice"] }, []],
        [
            { required: ["alice"], stale: 179 },
            ["stale alice: alice is not connected: its last handshake was 180 s ago"],
        ],
        [{ required: ["bob"] }, ["stale bob: bob is not connected: its last handshake was 181 s ago"]],
        [{ required: ["bob"], stale: 181 }, []],
        [{ required: ["erik"] }, ["stale erik: erik is not connected: expired"]],
        [
            { stale: 180 },
            [
                "stale bob: bob is not connected: its last handshake was 181 s ago",
                "stale carol: carol is not connected: no handshake yet",
                "stale dora: dora is not connected: no handshake yet",
            ],
        ],
    ])("%j", (thresholds, expected) => {
        expect(problems(healthy(), thresholds)).toEqual(expected);
    });
});

it("a relay that could not be asked is told by the state alone", () => {
    const status = unreachableStatus(known, "no route to host");
    expect(status).toMatchObject({ reachable: false, problem: "no route to host", time: null, drift: [] });
    expect(status.peers.map(({ state }) => state)).toEqual([...Array(5).fill("unknown"), "revoked", "revoked"]);
    expect(problemsOf(status, { expiring: 14, stale: 1 }, CONNECTED_SECONDS)).toEqual([
        { relay: "office", kind: "unreachable", message: "no route to host" },
    ]);
});

it("whatever is on the wire, each listed name and each key there is told exactly once", () => {
    const names = ["alice", "bob", "carol", "dora", "erik", "mallory", "oscar", "x", "y", "z"];
    fc.assert(
        fc.property(fc.subarray(names), fc.integer({ min: -10, max: 400 }), (present, age) => {
            const answer = changed((_answer, _peers, set) =>
                set(present.map((name) => onWire(name, { latestHandshake: NOW - age }))),
            );
            const { peers } = statusOf(known, answer);
            const keys = peers.map(({ publicKey }) => publicKey);
            expect(new Set(keys).size).toBe(keys.length);
            expect(new Set(keys)).toEqual(new Set([...Object.keys(known.peers), ...present].map(key)));
            for (const { state, name = "", publicKey, age: told } of peers) {
                const there = present.some((each) => key(each) === publicKey);
                expect(["connected", "idle", "rogue"].includes(state)).toBe(there);
                if (there) expect(told).toBe(Math.max(0, age));
                if (there) expect(state === "rogue").toBe(!(known.peers[name]?.listed ?? false));
            }
        }),
    );
});
