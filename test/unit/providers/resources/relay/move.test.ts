import { HostError, HostUnreachable } from "../../../../../core/errors.js";
import { carried } from "../../../../../core/protocol/carried.js";
import { moving } from "../../../../../core/protocol/moving.js";
import { renderPeers } from "../../../../../core/protocol/peers.js";
import type { Facts } from "../../../../../providers/hosts/facts.js";
import type { SshHost } from "../../../../../providers/hosts/descriptors.js";
import type { Target } from "../../../../../providers/hosts/host.js";
import {
    atItsOwnAddress,
    emptyReplaced,
    endpointsLeft,
    leave,
    leftSentence,
    overlapsLeft,
    type Seen,
} from "../../../../../providers/resources/relay/move.js";
import { connect, Machine } from "../../hosts/machine.js";
import { KEYS } from "../relays.js";
import { targetAt } from "./lifecycle.js";

let addresses = 0;
/** Another host each time, as this process remembers what it knows of one. */
const ssh = (more: Partial<SshHost> = {}): SshHost => ({
    ...{ kind: "ssh", address: `198.51.100.${(addresses += 1)}`, port: 22, user: "root" },
    ...{ sudo: false, packages: "install" },
    ...more,
});
const droplet = (id: string, address: string, own?: string): SshHost =>
    ssh({ address, instance: { provider: "digitalocean", id, ...(own === undefined ? {} : { address: own }) } });

const relayOn = (machine: Machine): Machine =>
    Object.assign(machine, {
        owner: "shop/dev/hub",
        relayId: "ab12",
        generation: 3,
        marks: { host: "h1", grants: "g1" },
    });
const FACTS: Facts = { machine: "m1", marks: [], journal: [], sealed: 0, addresses: [], routes: [] };
const seen = (more: Partial<Facts> = {}, machine: unknown = "m1"): Seen => ({
    facts: { ...FACTS, ...more },
    machine,
    resource: "g1",
});
const UNREACHABLE = new HostUnreachable("there", "it cannot be reached", "wait");

describe("leaving a place", () => {
    let there: Machine;
    let here: Machine;
    const renamed = (target: Target): Target => ({ ...target, names: { appName: "corp", interface: "wg7" } });

    beforeEach(() => {
        there = relayOn(new Machine(ssh()));
        here = new Machine(ssh());
        connect(there, here);
    });

    it("is nothing where a relay stays", async () => {
        for (const moment of ["first", "last"] as const)
            expect(await leave(undefined, targetAt(here), moment, seen())).toBeUndefined();
    });

    it("for another machine is the last step there", async () => {
        const former = targetAt(there);
        const another = seen({ machine: "m2" });
        expect(await leave(former, targetAt(here), "first", another)).toBeUndefined();
        expect(there.steps).toEqual([]);
        expect(await leave(former, targetAt(here), "last", another)).toBe(leftSentence(former));
        expect(there.last("remove").values.table).toBe("corp_wg0");
    });

    it("for other names on the same machine is the first step, over the way that leads there now", async () => {
        const way = { host: ssh({ address: "2001:db8::1" }), names: { appName: "corp", interface: "wg7" } };
        const now = relayOn(new Machine(way.host));
        connect(now);
        const former = targetAt(there);
        const target = { ...targetAt(now), ...way };
        expect(await leave(former, target, "last", seen())).toBeUndefined();
        expect(await leave(former, target, "first", seen())).toBe(leftSentence(former));
        expect(now.last("remove").values).toMatchObject({ table: "corp_wg0", name: "corp-wg0" });
    });

    it("is nothing where another way leads to the same machine, which its id and its marks say", async () => {
        const marked = seen({ marks: ["h1", "g1"] });
        for (const moment of ["first", "last"] as const)
            expect(await leave(targetAt(there), targetAt(here), moment, marked)).toBeUndefined();
        expect([there.steps, here.steps]).toEqual([[], []]);
    });

    it("counts a copy of the machine as another one: it has the id, but not the resource's mark", async () => {
        expect(await leave(targetAt(there), targetAt(here), "last", seen({ marks: [] }))).toBe(
            leftSentence(targetAt(there)),
        );
    });

    it("fails where the machine does not answer, except a cloud's, which its own resource deletes", async () => {
        there.unreachable = UNREACHABLE;
        const another = seen({ machine: "m2" });
        await expect(leave(targetAt(there), targetAt(here), "last", another)).rejects.toThrow("it cannot be reached");
        const cloud = relayOn(new Machine(droplet("1", "198.51.100.201")));
        connect(cloud, here);
        cloud.unreachable = UNREACHABLE;
        expect(await leave(targetAt(cloud), targetAt(here), "last", another)).toBeUndefined();
        cloud.unreachable = undefined;
        expect(await leave(targetAt(cloud), targetAt(here), "last", another)).toBe(leftSentence(targetAt(cloud)));
        cloud.unreachable = new TypeError("a fault of ours");
        await expect(leave(targetAt(cloud), targetAt(here), "last", another)).rejects.toThrow("a fault of ours");
    });

    it("on one machine under two names never empties the names that the relay has now", async () => {
        const target = targetAt(there);
        expect(await leave(renamed(target), target, "last", seen())).toBeUndefined();
        await leave(renamed(target), target, "first", seen());
        expect(there.last("remove").values).toMatchObject({ table: "corp_wg7", etc: "/etc/corp-wg7" });
    });
});

describe("a cloud machine whose address another one took over", () => {
    let old: Machine;
    beforeEach(() => {
        addresses += 1;
        old = relayOn(new Machine(ssh({ address: `192.0.2.${addresses}` })));
        connect(old);
    });
    /** Behind one reserved address; the old one still has its own. */
    const pair = (): [Target, Target] => {
        const { host } = old;
        const own = host.kind === "ssh" ? host.address : "";
        return [
            { ...targetAt(old), host: droplet("1", "203.0.113.1", own) },
            { ...targetAt(old), host: droplet("2", "203.0.113.1") },
        ];
    };

    it("is emptied at its own address", async () => {
        const [former, target] = pair();
        expect(atItsOwnAddress(former).host).toMatchObject(
            old.host.kind === "ssh" ? { address: old.host.address } : {},
        );
        expect(await emptyReplaced(former, target)).toBe(leftSentence(atItsOwnAddress(former)));
        expect(old.owner).toBeUndefined();
    });

    it("that does not answer is left to its cloud", async () => {
        old.unreachable = UNREACHABLE;
        expect(await emptyReplaced(...pair())).toBeUndefined();
    });

    it("is not emptied while the relay is on it", async () => {
        const [former, target] = pair();
        expect(await emptyReplaced(former, former)).toBeUndefined();
        expect(await emptyReplaced(undefined, target)).toBeUndefined();
        expect(await emptyReplaced(targetAt(old), targetAt(new Machine(ssh())))).toBeUndefined();
        expect(old.steps).toEqual([]);
    });

    it("without an address of its own is where it was", () => {
        const [, target] = pair();
        expect(atItsOwnAddress(target)).toBe(target);
    });
});

describe("where peers were last", () => {
    const PEER = (key: string, endpoint: string): string => `${key}\t(none)\t${endpoint}\t10.8.0.2/32\t0\t0\t0\toff\n`;
    const dump = (...peers: string[]): string => `(none)\t${KEYS.dave}\t51820\toff\n${peers.join("")}`;
    let there: Machine;
    beforeEach(() => {
        there = relayOn(new Machine(ssh()));
        there.says.status = () => ({
            "dump.wg0": dump(PEER(KEYS.alice, "203.0.113.9:41922"), PEER(KEYS.bob, "(none)")),
            "dump.wg0b": "",
        });
        connect(there);
    });

    it("is told to the machine that the relay comes to, for those that were heard", async () => {
        const target = targetAt(new Machine(ssh()));
        expect(await endpointsLeft(targetAt(there), target)).toBe(`${KEYS.alice}\t203.0.113.9:41922\n`);
    });

    it("is not asked where nothing moves, and not known where the old machine does not answer", async () => {
        expect(await endpointsLeft(targetAt(there), targetAt(there))).toBeUndefined();
        expect(there.steps).toEqual([]);
        there.unreachable = UNREACHABLE;
        expect(await endpointsLeft(targetAt(there), targetAt(new Machine(ssh())))).toBeUndefined();
        there.unreachable = new TypeError("a fault of ours");
        await expect(endpointsLeft(targetAt(there), targetAt(new Machine(ssh())))).rejects.toThrow("a fault of ours");
    });
});

describe("former keys that still work where the relay leaves", () => {
    const row = { publicKey: KEYS.alice, former: KEYS.bob, until: 1798761600 };
    const said: string[] = [];
    const overlaps = (former: Target | undefined, target: Target, of = seen({ machine: "m2" })) =>
        overlapsLeft(former, target, of, (sentence) => said.push(sentence));
    let there: Machine;
    beforeEach(() => {
        said.length = 0;
        there = relayOn(new Machine(ssh()));
        there.marks.wireguard = "w1";
        const peer = {
            name: "alice",
            publicKey: KEYS.bob,
            presharedKey: KEYS.carol,
            allowedIps: ["10.8.0.2/32"],
            keepalive: 0,
        };
        there.says.read = () => ({
            moving: moving.render([row, { ...row, publicKey: KEYS.carol, former: KEYS.dave }]),
            "record.peers": renderPeers([peer]),
        });
        connect(there);
    });

    it("go along with their preshared keys, those that the old place has a record of", async () => {
        const brought = await overlaps(targetAt(there), targetAt(new Machine(ssh())));
        expect(carried.parse(brought)).toEqual([{ ...row, presharedKey: KEYS.carol }]);
        expect(there.last("read").values).toMatchObject({ what: "wireguard", record: "1", table: "corp_wg0" });
    });

    it("are none where no key is being replaced, or where nothing moves", async () => {
        expect(await overlaps(undefined, targetAt(there))).toBeUndefined();
        expect(await overlaps(targetAt(there), targetAt(there))).toBeUndefined();
        expect(there.steps).toEqual([]);
        there.says.read = () => ({});
        expect(await overlaps(targetAt(there), targetAt(new Machine(ssh())))).toBeUndefined();
        expect(said).toEqual([]);
    });

    it("of a machine that does not answer are not known, and what that means is said", async () => {
        there.unreachable = new HostError("there", "the disk is full", "free some space");
        expect(await overlaps(targetAt(there), targetAt(new Machine(ssh())))).toBeUndefined();
        expect(said).toEqual([
            expect.stringMatching(
                /^root@198\.51\.100\.\d+ does not answer, so it is not known which replaced keys of peers still work there \(there: the disk is full; free some space\): a peer that has not used its new configuration yet is cut off until it does$/,
            ),
        ]);
    });
});
