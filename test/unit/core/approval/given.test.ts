import { readApprovers } from "../../../../core/approval/given.js";
import { ALICE, approver, BOB } from "./approverKeys.js";

const read = (signers: Parameters<typeof readApprovers>[0]["signers"], more: object = {}) =>
    readApprovers({ signers, required: 1, emergency: "record", ...more }, "audit sink audit.approvers");

it("takes OpenSSH's form and lists of keys alike", () => {
    const list = [ALICE, BOB].map(({ principal, publicKey }) => ({ principal, publicKey }));
    expect(read(list)).toEqual(read(`${BOB.line} laptop\n${ALICE.line}\n`));
    expect(read(list)).toEqual({ signers: [ALICE.line, BOB.line], required: 1 });
    expect(read(list, { required: 2, folder: "signed", emergency: "refuse" })).toMatchObject({
        required: 2,
        folder: "signed",
        emergency: "refuse",
    });
});

it("refuses what could never be fulfilled", () => {
    expect(() => read("")).toThrow("is 1, but 0 different principals are listed in `signers`");
    const twice = `${ALICE.line}\n${approver(ALICE.principal).line}`;
    expect(() => read(twice, { required: 2 })).toThrow("audit sink audit.approvers.required");
    expect(() => read("nonsense")).toThrow("audit sink audit.approvers.signers, line 1");
    const many = Array.from({ length: 101 }, (_, n) => ALICE.line.replace("alice", `a${n}`)).join("\n");
    expect(() => read(many)).toThrow("list at most 100");
});
