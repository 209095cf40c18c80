import type { SshHost } from "../../../../../providers/hosts/descriptors.js";
import type { PlacedInputs, PlacedOutputs } from "../../../../../providers/resources/relay/placed.js";
import { PLACE } from "../relays.js";
import { movedAfter, movedOf } from "../../../../../providers/resources/relay/moved.js";
import type { Properties } from "../../../../../providers/resources/resource.js";

const ssh = (address: string): SshHost => ({
    kind: "ssh",
    address,
    port: 22,
    user: "root",
    sudo: false,
    packages: "install",
});
const at = (host: SshHost, device = "wg0"): PlacedInputs => ({
    ...PLACE,
    relay: "hub",
    appName: "corp",
    interface: device,
    host,
});
const [ONE, TWO] = [at(ssh("192.0.2.1")), at(ssh("192.0.2.2"))];

/** A relay's Host at one place after the other, each a machine with this id. */
function visited(...places: [PlacedInputs, string][]): PlacedOutputs[] {
    const outputs: PlacedOutputs[] = [];
    for (const [index, [inputs, machine]] of places.entries()) {
        const [former, told] = [places[index - 1]?.[0], outputs.at(-1)];
        const before = former === undefined || told === undefined ? undefined : { inputs: former, outputs: told };
        outputs.push({ machine, ...movedAfter(before, inputs, machine) });
    }
    return outputs;
}

const leftIn = (outputs: Properties): unknown[] =>
    (movedOf(outputs)?.left ?? []).map(({ host, interface: name }) => [host, name]);

it("remembers what was left on other machines, until the relay is there again", () => {
    const [first, second, back] = visited([ONE, "m1"], [TWO, "m2"], [ONE, "m1"]);
    expect(first).toEqual({ machine: "m1" });
    expect(leftIn(second!)).toEqual([[ssh("192.0.2.1"), "wg0"]]);
    expect(leftIn(back!)).toEqual([[ssh("192.0.2.2"), "wg0"]]);
    expect(movedOf(back!)?.id).not.toBe(movedOf(second!)?.id);
});

it("is another move with each change of names, and leaves nothing on the same machine", () => {
    const [, renamed, again] = visited([ONE, "m1"], [at(ssh("192.0.2.1"), "wg7"), "m1"], [ONE, "m1"]);
    expect([leftIn(renamed!), leftIn(again!)]).toEqual([[], []]);
    expect(movedOf(again!)?.id).not.toBe(movedOf(renamed!)?.id);
});

it("takes another way to the same machine for no move, and never empties the machine on which the relay is", () => {
    const otherWay = at(ssh("2001:db8::1"));
    const [, same] = visited([ONE, "m1"], [otherWay, "m1"]);
    expect(movedOf(same!)).toBeUndefined();
    const [, , backByAnotherWay] = visited([ONE, "m1"], [TWO, "m2"], [otherWay, "m1"]);
    expect(leftIn(backByAnotherWay!)).toEqual([[ssh("192.0.2.2"), "wg0"]]);
});
