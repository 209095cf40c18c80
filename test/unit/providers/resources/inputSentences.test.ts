import { machineChange, changed, mayMove, placeEffects } from "../../../../providers/resources/inputSentences.js";
import type { Change } from "../../../../providers/resources/relay/change.js";
import { type Properties, UNKNOWN } from "../../../../providers/resources/resource.js";
import { PLACE } from "./relays.js";
import { contextOf } from "./relay/lifecycle.js";

const ssh = (address: string): Properties => ({
    host: { kind: "ssh", address, port: 22, user: "root", sudo: false, packages: "install" },
});
const change = (then: Properties | undefined, now: Properties): Change => ({
    ...(then === undefined ? {} : { before: { inputs: { ...PLACE, ...then }, outputs: {} } }),
    ...{ inputs: { ...PLACE, ...now }, context: contextOf() },
});

it("a value that changes is said with both, and what that means", () => {
    expect(changed(1420, 1380, "MTU", "sessions continue")).toEqual([
        "the relay's MTU changes from 1420 to 1380: sessions continue",
    ]);
    expect(changed(undefined, UNKNOWN, "port", "x", "its")).toEqual([
        "its port changes from none to one that is not known yet: x",
    ]);
    expect(changed([1], [1], "epochs", "x")).toEqual([]);
});

it.each<[string, Properties | undefined, Properties, ReturnType<typeof machineChange>]>([
    ["a new relay", undefined, {}, "none"],
    ["the same place", { machine: "m1" }, { machine: "m2" }, "none"],
    ["another kind of host", {}, ssh("a"), "different"],
    [
        "another address of the machine that is known",
        { ...ssh("a"), machine: "m1" },
        { ...ssh("b"), machine: "m1" },
        "same",
    ],
    [
        "another address with another machine behind it",
        { ...ssh("a"), machine: "m1" },
        { ...ssh("b"), machine: "m2" },
        "different",
    ],
    ["another address in a preview", { ...ssh("a"), machine: "m1" }, { ...ssh("b"), machine: UNKNOWN }, "either"],
])("%s", (_, then, now, is) => {
    expect(machineChange(change(then, now))).toBe(is);
    expect(mayMove(change(then, now))).toBe(is === "different" || is === "either");
});

it.each<[Properties | undefined, Properties, string[]]>([
    [undefined, {}, []],
    [{ machine: "m1" }, { machine: "m1" }, []],
    [
        {},
        { interface: "wg7" },
        [
            "interface wg0 (qp-tunnel-wg0) is replaced by wg7 (qp-tunnel-wg7), with the same keys and addresses: every peer is interrupted until its next handshake, up to 15 s",
        ],
    ],
    [
        {},
        ssh("203.0.113.7"),
        [
            "interface wg0 is created on root@203.0.113.7, with the same keys and addresses: every peer is interrupted until its next handshake",
        ],
    ],
    [
        { ...ssh("a"), machine: UNKNOWN },
        { ...ssh("b"), machine: UNKNOWN },
        [
            "if that is a different machine, interface wg0 is created on root@b, with the same keys and addresses: every peer is interrupted until its next handshake",
        ],
    ],
    [
        { machine: "m1" },
        { machine: "m2" },
        ["this is a different machine: it is set up from scratch with the same keys and addresses"],
    ],
    [{ machine: "m1" }, { machine: UNKNOWN }, []],
    [
        { moved: { id: "1", left: [] } },
        { moved: { id: "2", left: [] } },
        ["interface wg0 is set up again, with the same keys and addresses: a move to another place was interrupted"],
    ],
])("%# says what another place means", (then, now, sentences) => {
    expect(placeEffects(change(then, now))).toEqual(sentences);
});

it("says whom it interrupts", () => {
    expect(placeEffects(change({}, { interface: "wg7" }), "it is")[0]).toContain(
        ": it is interrupted until its next handshake",
    );
});
