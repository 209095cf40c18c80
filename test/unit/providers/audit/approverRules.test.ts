import { detailsOfApprovers } from "../../../../core/approval/approvers.js";
import { APPROVERS_ACTION } from "../../../../core/approval/judge.js";
import { approverRules } from "../../../../providers/audit/approverRules.js";
import { ALICE, BOB } from "../../core/approval/approverKeys.js";
import { open, rewrite } from "./oneLog.js";
import { scratchProject } from "./scratch.js";

scratchProject();
const set = async (...signers: string[]): Promise<unknown> => {
    const approvers = signers.length === 0 ? undefined : { signers, required: 1 };
    return (await open()).append({ action: APPROVERS_ACTION, message: "x", details: detailsOfApprovers(approvers) });
};
const rules = async (): Promise<unknown[]> =>
    (await approverRules(await open())).map(({ sequence, approvers }) => [sequence, approvers?.signers]);

it("are what the log says, oldest first, also of what was appended since", async () => {
    expect(await rules()).toEqual([]);
    await set(ALICE.line);
    expect(await rules()).toEqual([[1, [ALICE.line]]]);
    await (await open()).append({ action: "peer_add", message: `says "action":"${APPROVERS_ACTION}"` });
    expect(await rules()).toEqual([[1, [ALICE.line]]]);
    await set(BOB.line);
    await set();
    expect(await rules()).toEqual([[1, [ALICE.line]], [3, [BOB.line]], [4, undefined]]);
}); // prettier-ignore

it("are read again where the log is a shorter one", async () => {
    await set(ALICE.line);
    await set(BOB.line);
    expect(await rules()).toHaveLength(2);
    rewrite((texts) => texts.slice(0, 2));
    expect(await rules()).toEqual([[1, [ALICE.line]]]);
});
