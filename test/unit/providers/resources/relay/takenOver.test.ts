import { HostUnreachable } from "../../../../../core/errors.js";
import { isTakenOver } from "../../../../../providers/resources/relay/takenOver.js";
import { connect, Machine } from "../../hosts/machine.js";
import { targetAt } from "./lifecycle.js";

/** Whether a machine with this relay id and these marks is taken over from al of relay ab12. */
async function taken(relayId: string | undefined, marks: string[], target = "ab12/al"): Promise<boolean> {
    const machine = Object.assign(new Machine(), { owner: "shop/dev/hub/x", relayId, marks: { ...marks } });
    connect(machine);
    return isTakenOver(targetAt(machine, { relayId: target }), "h1");
}

it("a machine is taken over that is the same relay's under another peer's name, with other resources", async () => {
    expect(await taken("ab12/alice", ["h2"])).toBe(true);
});

it.each<[string, string | undefined, string[]]>([
    ["the peer's own", "ab12/al", ["h2"]],
    ["another relay's", "ff00/alice", ["h2"]],
    ["without an id", undefined, ["h2"]],
    ["still that of this resource", "ab12/alice", ["h1"]],
])("it is not when it is %s", async (_, relayId, marks) => {
    expect(await taken(relayId, marks)).toBe(false);
});

it("a relay's own machine never is, and is not asked", async () => {
    const machine = new Machine();
    connect(machine);
    expect(await isTakenOver(targetAt(machine, { relayId: "ab12" }), "h1")).toBe(false);
    expect(machine.steps).toEqual([]);
});

it("one that cannot be reached counts as its own", async () => {
    const machine = new Machine();
    machine.unreachable = new HostUnreachable("there", "it is off", "wait");
    connect(machine);
    const target = targetAt(machine, { relayId: "ab12/al" });
    expect(await isTakenOver(target, "h1")).toBe(false);
    machine.unreachable = new TypeError("a fault of ours");
    await expect(isTakenOver(target, "h1")).rejects.toThrow("a fault of ours");
});
