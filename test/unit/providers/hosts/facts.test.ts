import { changeRelay, currentFacts, factsOf, journalSealed, placeOf } from "../../../../providers/hosts/facts.js";
import { RelayChanged, type Target } from "../../../../providers/hosts/host.js";
import { connect, Machine } from "./machine.js";

let machine: Machine;
let target: Target;

beforeEach(() => {
    machine = new Machine();
    machine.owner = "shop/dev/hub";
    machine.relayId = "ab12";
    machine.generation = 7;
    machine.marks = { host: "h1", grants: "g1" };
    connect(machine);
    target = {
        host: machine.host,
        names: { appName: "qp-tunnel", interface: "wg0" },
        owner: "shop/dev/hub",
    };
});

const grantsUnder = (auditMark: string): Promise<unknown> =>
    changeRelay(target, "grants", { table: "t", id: "g1", auditMark });

it("are everything that the machine says", async () => {
    machine.auditMark = "a mark";
    machine.rolledBack = "2027-01-02T00:00:00Z";
    machine.cutOff = "alice";
    machine.journal = ["one", "two"];
    expect(await factsOf(target)).toEqual({
        machine: "m1",
        generation: 7,
        auditMark: "a mark",
        owner: "shop/dev/hub",
        relayId: "ab12",
        marks: ["h1", "g1"],
        rolledBack: "2027-01-02T00:00:00Z",
        journal: ["one", "two"],
        sealed: 0,
        cutOff: "alice",
        addresses: [{ device: "eth0", address: "192.0.2.7/24" }],
        routes: [{ destination: "default", device: "eth0", via: "192.0.2.1" }],
    });
});

it("of a machine that was never set up have no generation, no owner and no record", async () => {
    const empty = new Machine();
    connect(empty);
    expect(await factsOf({ ...target, host: empty.host })).toEqual({
        machine: "m1",
        marks: [],
        journal: [],
        sealed: 0,
        addresses: [{ device: "eth0", address: "192.0.2.7/24" }],
        routes: [{ destination: "default", device: "eth0", via: "192.0.2.1" }],
    });
});

it("are read once, for as long as nothing but this process changes the relay", async () => {
    await factsOf(target);
    await grantsUnder("first");
    await grantsUnder("second");
    expect(await factsOf(target)).toMatchObject({ generation: 9, auditMark: "second", machine: "m1" });
    expect(machine.steps).toEqual(["facts", "grants", "grants"]);
    expect(machine.asked.map(({ values }) => values.expected)).toEqual([undefined, "7", "8"]);
});

it("are read again where they must be current, and what is known stays as it is", async () => {
    await factsOf(target);
    machine.generation = 12;
    expect((await currentFacts(target)).generation).toBe(12);
    expect((await factsOf(target)).generation).toBe(7);
});

it("that are not true any more stop a change before its first effect, and are forgotten", async () => {
    await factsOf(target);
    machine.generation = 8;
    machine.auditMark = "another's";
    const refused = await grantsUnder("ours").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RelayChanged);
    expect(refused).toMatchObject({
        generation: 8,
        problem: "another program changed the relay in the meantime (generation 8)",
    });
    expect(machine.auditMark).toBe("another's");
    expect(await factsOf(target)).toMatchObject({ generation: 8, auditMark: "another's" });
});

it("are forgotten with a change that failed: what it did is not known", async () => {
    await factsOf(target);
    machine.says.grants = () => ({ refused: "no\nfix\n" });
    await expect(grantsUnder("ours")).rejects.toThrow("no; fix");
    await factsOf(target);
    expect(machine.steps).toEqual(["facts", "grants", "facts"]);
});

it.each(["host", "host-delete", "remove"] as const)("are read again after the step %s", async (step) => {
    await factsOf(target);
    await changeRelay(target, step, { table: "t", id: "h1", auditMark: "m" });
    await factsOf(target);
    expect(machine.steps).toEqual(["facts", step, "facts"]);
});

it("plan no confirmation: it belongs to the change before it, whatever the generation", async () => {
    await factsOf(target);
    machine.generation = 8;
    await changeRelay(target, "confirm", { table: "t", auditMark: "m" });
    expect(machine.last("confirm").values).not.toHaveProperty("expected");
});

it("of a relay that was never asked are not planned on", async () => {
    await grantsUnder("m");
    expect(machine.last("grants").values).not.toHaveProperty("expected");
});

it("count the lines of the journal that the log has, and the next change drops those alone", async () => {
    machine.journal = ["one", "two"];
    const sealed = journalSealed(target, await factsOf(target));
    expect(sealed).toMatchObject({ journal: [], sealed: 2 });
    machine.journal.push("three, since then");
    await grantsUnder("m");
    expect(machine.last("grants").values.journal).toBe("2");
    expect(machine.journal).toEqual(["three, since then"]);
    expect((await factsOf(target)).sealed).toBe(0);
    await grantsUnder("m2");
    expect(machine.last("grants").values).not.toHaveProperty("journal");
});

it("belong to one host and one name there", () => {
    const other = { ...target, names: { appName: "qp-tunnel", interface: "wg1" } };
    const renamed = { ...target, owner: "shop/prod/hub" };
    expect(placeOf(other)).not.toBe(placeOf(target));
    expect(placeOf({ ...target, host: { kind: "local" } })).not.toBe(placeOf(target));
    expect(placeOf(renamed)).toBe(placeOf(target));
});
