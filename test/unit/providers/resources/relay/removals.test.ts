import { HostUnreachable } from "../../../../../core/errors.js";
import { renderAdmittedPeers, renderAdmittedServices, type Admitted } from "../../../../../core/protocol/admitted.js";
import { problems, removed } from "../../../../../core/protocol/removed.js";
import { proof } from "../../../../../core/protocol/revocation.js";
import type { RegistryPeer } from "../../../../../core/registry/model.js";
import { AuditLog } from "../../../../../providers/audit/log.js";
import { factsOf } from "../../../../../providers/hosts/facts.js";
import type { SshHost } from "../../../../../providers/hosts/descriptors.js";
import type { Change } from "../../../../../providers/resources/relay/change.js";
import type { PlacedInputs } from "../../../../../providers/resources/relay/placed.js";
import { admittedIn, removalFiles, takeAway, takesAway } from "../../../../../providers/resources/relay/removals.js";
import { targetOf } from "../../../../../providers/resources/relay/target.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { scratchProject } from "../../audit/scratch.js";
import { connect, Machine } from "../../hosts/machine.js";
import { KEYS } from "../relays.js";
import { contextOf, linesRecorded, placedAt, REF } from "./lifecycle.js";

scratchProject();

const RULE = "10.8.0.2 -> 10.8.0.1 tcp/8443";
const ELEMENT = "acl4 10.8.0.2 . 10.8.0.1 . tcp . 8443";
const PEERS: Record<string, RegistryPeer> = {
    alice: { address: "10.8.0.2", publicKey: KEYS.alice },
    bob: { address: "10.8.0.3", publicKey: KEYS.bob, address6: "fd00::3" },
};
const admitted = (peers = PEERS, rules = [RULE], services: Record<string, number> = { wiki: 8443 }): Admitted => ({
    peers: renderAdmittedPeers(peers),
    rules: rules.map((rule) => `${rule}\n`).join(""),
    services: renderAdmittedServices(
        Object.fromEntries(Object.entries(services).map(([name, port]) => [name, { port }])),
    ),
});
const NOTHING = admitted({}, [], {});
const GONE_PROOF = proof.render([
    { kind: "read", what: "keys", where: "interface wg0" },
    { kind: "read", what: "addresses", where: "elements" },
]);

let machine: Machine;
beforeEach(() => {
    machine = Object.assign(new Machine(), { owner: "shop/dev/hub", relayId: "ab12", generation: 3 });
    connect(machine);
});

const inputs = (told: Admitted | undefined, more: Properties = {}): PlacedInputs =>
    placedAt(machine, { ...(told === undefined ? {} : { admitted: told }), ...more });

/** Takes away what the inputs of before had and these have not; its records, and what was said. */
async function taken(
    then: PlacedInputs | undefined,
    now: PlacedInputs,
    of = machine,
): Promise<{ records: [string, string, Record<string, unknown>][]; said: string[]; failed?: string }> {
    const context = contextOf();
    const target = targetOf(now, context);
    const operation = await (await AuditLog.open(REF)).begin({ action: "setup_relay", message: "Set up" });
    const facts = await factsOf(targetOf(placedAt(of), context)).catch(() => undefined);
    const change: Change = {
        ...(then === undefined ? {} : { before: { inputs: then, outputs: { machine: "m1" } } }),
        ...{ inputs: now, context },
    };
    const failed = await takeAway(change, { operation, facts, target }).then(
        () => undefined,
        (error: Error) => error.message,
    );
    const records = (await linesRecorded())
        .slice(1)
        .map(({ action, message, details }): [string, string, Record<string, unknown>] => [action, message, details]);
    return { records, said: context.said, ...(failed === undefined ? {} : { failed }) };
}

it("an update takes away what the program has no more: peers, rules and services", () => {
    const takes = (then: Admitted | undefined, now: unknown): boolean =>
        takesAway({ before: { inputs: inputs(then), outputs: {} }, inputs: inputs(undefined, { admitted: now }) });
    expect(takes(admitted(), admitted({ alice: PEERS.alice! }))).toBe(true);
    expect(takes(admitted(), admitted(PEERS, []))).toBe(true);
    expect(takes(admitted(), admitted(PEERS, [RULE], {}))).toBe(true);
    expect(takes(admitted(), admitted({ alice: { ...PEERS.alice!, publicKey: KEYS.carol }, bob: PEERS.bob! }))).toBe(
        true,
    );
    expect(takes(admitted(), admitted())).toBe(false);
    expect(takes(NOTHING, admitted())).toBe(false);
    expect(takes(admitted(), UNKNOWN)).toBe(false);
    expect(takes(undefined, NOTHING)).toBe(false);
    expect(takesAway({ inputs: inputs(NOTHING) })).toBe(false);
});

it("only what is wholly known is admitted", () => {
    expect(admittedIn({ admitted: { ...admitted(), undecided: ["laptop"] } })).toMatchObject({ undecided: ["laptop"] });
    expect(admittedIn({ admitted: { ...admitted(), rules: UNKNOWN } })).toBeUndefined();
    expect(admittedIn({})).toBeUndefined();
});

it("the relay is told what is still to be there", () => {
    expect(removalFiles(admitted(), admitted({ alice: PEERS.alice! }, [RULE], { wiki: 8443 }))).toEqual({
        admitted: `alice\t${KEYS.alice}\t10.8.0.2/32\t-\n`,
        elements: `${ELEMENT}\n`,
        services: expect.stringContaining("8443"),
    });
});

describe("what an update takes away", () => {
    beforeEach(() => {
        machine.says.removals = () => ({
            removed: removed.render([
                { kind: "peer", publicKey: KEYS.bob, name: "bob", allowedIps: ["10.8.0.3/32"], what: "peer" },
                { kind: "peer", publicKey: KEYS.carol, name: "alice", allowedIps: [], what: "key" },
                { kind: "peer", publicKey: KEYS.dave, name: "-", allowedIps: ["10.8.0.9/32"], what: "peer" },
                { kind: "element", element: ELEMENT },
                { kind: "service", name: "wiki", port: 8443 },
            ]),
            proof: GONE_PROOF,
        });
    });

    it("is recorded as the relay read it back, each kind under its own action", async () => {
        const { records, failed } = await taken(inputs(admitted()), inputs(admitted({ alice: PEERS.alice! }, [], {})));
        expect(failed).toBeUndefined();
        const evidence = {
            read_back: "absent",
            key_absent_from: ["interface wg0"],
            addresses_absent_from: ["elements"],
        };
        expect(records).toEqual([
            [
                "peer_remove",
                "Removed peer bob (10.8.0.3) from relay hub",
                expect.objectContaining({
                    ...{ relay: "hub", name: "bob", public_key: KEYS.bob },
                    ...{ tunnel_ip: "10.8.0.3", tunnel_ip6: "fd00::3", removed_first: true, proof: evidence },
                }),
            ],
            [
                "key_remove",
                "Removed the former key of alice from relay hub",
                expect.objectContaining({ name: "alice", public_key: KEYS.carol, removed_first: true }),
            ],
            [
                "drift_overwritten",
                expect.stringMatching(
                    /^unknown peer .* was configured on the interface but not declared in the program/,
                ),
                { relay: "hub" },
            ],
            [
                "grants_apply",
                "Relay hub no longer allows 1 rule",
                {
                    ...{ relay: "hub", added: [], removed: [RULE], added_count: 0, removed_count: 1 },
                    removed_first: true,
                },
            ],
            [
                "service_close",
                "Closed wiki (port 8443)",
                { relay: "hub", name: "wiki", port: 8443, removed_first: true },
            ],
        ]);
    });

    it("is asked for with the record that it is made under, and the sources that others decide", async () => {
        await taken(inputs(admitted()), inputs({ ...NOTHING, undecided: ["laptop", "phone"] }));
        const { values } = machine.last("removals");
        expect(values).toMatchObject({ table: "corp_wg0", undecided: "laptop phone" });
        expect(values.auditMark).toMatch(/^1 [0-9a-f]{64} \d+/);
    });

    it("of a resource that was replaced is what the relay alone knows", async () => {
        const { records } = await taken(undefined, inputs(admitted({ alice: PEERS.alice! })));
        expect(records[0]?.[1]).toBe("Removed peer bob (10.8.0.3) from relay hub");
        expect(machine.steps).toContain("removals");
    });

    it("is nothing on a machine that was never set up, or when the program takes nothing away", async () => {
        machine.owner = undefined;
        await taken(undefined, inputs(NOTHING));
        await taken(inputs(admitted()), inputs(admitted()));
        await taken(inputs(admitted()), inputs(undefined));
        expect(machine.steps).not.toContain("removals");
    });
});

describe("what could not be taken away", () => {
    it("is a failure by its part, without keys, after the records of what is gone", async () => {
        machine.says.removals = () => ({
            removed: removed.render([{ kind: "service", name: "wiki", port: 8443 }]),
            problems: problems.render([
                { part: "remove_unadmitted", said: `Key is not valid: ${KEYS.bob}` },
                { part: "end_flows", said: "conntrack: no" },
                { part: "else", said: "no" },
            ]),
        });
        const { records, failed } = await taken(inputs(admitted()), inputs(NOTHING));
        expect(failed).toMatch(
            /^namespace \S+ of this machine: peers could not be removed from the interface: Key is not valid: \[key\]; running connections could not be ended: conntrack: no; else: no; fix the reported problem and apply again: all other removals of this update are done$/,
        );
        expect(records.map(([action]) => action)).toEqual(["service_close"]);
    });

    it("leaves a peer of which something is still there out of the records", async () => {
        machine.says.removals = () => ({
            removed: removed.render([
                { kind: "peer", publicKey: KEYS.bob, name: "bob", allowedIps: ["10.8.0.3/32"], what: "peer" },
                { kind: "peer", publicKey: KEYS.alice, name: "alice", allowedIps: ["10.8.0.2/32"], what: "peer" },
            ]),
            proof: `${GONE_PROOF}${proof.render([{ kind: "left", what: "keys", where: "interface wg0", token: KEYS.bob }])}`,
        });
        const { records, failed } = await taken(inputs(admitted()), inputs(NOTHING));
        expect(records.map(([, message]) => message)).toEqual(["Removed peer alice (10.8.0.2) from relay hub"]);
        expect(failed).toMatch(/the key of bob \(\S+\) was revoked and is still in interface wg0/);
    });
});

describe("of a relay that moves", () => {
    const cloud = (id: string, own?: string): SshHost => ({
        ...{ kind: "ssh", address: "203.0.113.1", port: 22, user: "root", sudo: false, packages: "install" },
        instance: { provider: "digitalocean", id, ...(own === undefined ? {} : { address: own }) },
    });
    const now = (to: Machine): PlacedInputs => placedAt(to, { admitted: NOTHING });

    it("it is taken away where the relay still is", async () => {
        const to = Object.assign(new Machine(), { id: "m2" });
        connect(machine, to);
        await taken(inputs(admitted()), now(to), to);
        expect([machine.steps.includes("removals"), to.steps.includes("removals")]).toEqual([true, false]);
    });

    it("to the same machine by another way it is taken away there", async () => {
        const to = new Machine();
        connect(machine, to);
        await taken(inputs(admitted()), now(to), to);
        expect([machine.steps.includes("removals"), to.steps.includes("removals")]).toEqual([false, true]);
    });

    it("from a replaced cloud machine, at its own address", async () => {
        const old = new Machine({ ...cloud("1"), address: "198.51.100.99" });
        const to = Object.assign(new Machine(cloud("2")), { id: "m2" });
        connect(old, to);
        const then = placedAt(to, { host: cloud("1", "198.51.100.99"), admitted: admitted() });
        await taken(then, now(to), to);
        expect(old.steps).toEqual(["removals"]);
    });

    it("a former machine that cannot be reached is warned of, and everything else goes on", async () => {
        machine.unreachable = new HostUnreachable("there", "it is off", "wait");
        const to = Object.assign(new Machine(), { id: "m2" });
        connect(machine, to);
        const { said, failed } = await taken(inputs(admitted()), now(to), to);
        expect(failed).toBeUndefined();
        expect(said).toEqual([
            expect.stringMatching(
                /^warning: hub: namespace \S+ of this machine, which the relay leaves, cannot be reached: what this update removes stays active there as long as that machine runs$/,
            ),
        ]);
    });

    it("a machine where the relay stays and that cannot be reached fails", async () => {
        machine.unreachable = new HostUnreachable("there", "it is off", "wait");
        expect((await taken(inputs(admitted()), inputs(NOTHING))).failed).toBe("there: it is off; wait");
    });
});
