import { wireInputs } from "../relays.js";
import { ignoredChanges } from "../../../../../providers/resources/ledger/ignored.js";
import { restoredDrift } from "../../../../../providers/resources/relay/restored.js";

const peer = { address: "10.8.0.2" };

it("says who stays connected because the engine holds back a change of the peers", () => {
    const peers = { alice: peer, bob: peer, carol: peer };
    const told = (peerNames?: string): string[] =>
        ignoredChanges(wireInputs(peers, peerNames === undefined ? {} : { peerNames }));
    expect(told("alice bob carol")).toEqual([]);
    expect(told()).toEqual([]);
    expect(told("alice")).toEqual([expect.stringMatching(/^hub: bob and carol are no longer listed but stay /)]);
    expect(told("")).toHaveLength(1);
});

describe("a machine that is older than the state", () => {
    const genesis = "ab".repeat(32);
    const mark = (sequence: number, of = genesis): { auditmark: string } => ({
        auditmark: `${sequence} ${"cd".repeat(32)} 4711 ${of}\n`,
    });
    const outputs = { applied: 12, record: { genesis } };

    it.each([
        ["is as new", outputs, mark(12), []],
        ["is newer", outputs, mark(40), []],
        ["is older", outputs, mark(11), ["restored"]],
        ["bears a mark of another log", outputs, mark(3, "ef".repeat(32)), []],
        ["bears none", outputs, {}, []],
        ["bears rubbish", outputs, { auditmark: "x" }, []],
        ["was changed by an earlier version", { record: { genesis } }, mark(3), []],
    ])("%s", (_what, known, answer, expected) => {
        expect(restoredDrift(known, answer).map(({ kind }) => kind)).toEqual(expected);
    });
});
