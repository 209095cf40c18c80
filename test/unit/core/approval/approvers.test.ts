import {
    approversIn,
    approversOf,
    describeApprovers,
    detailsOfApprovers,
    isApproverList,
    sameApprovers,
} from "../../../../core/approval/approvers.js";
import { sshCrypto } from "../../../../providers/audit/sshCrypto.js";
import { ALICE, approver, BOB, EVE } from "./approverKeys.js";

const RULES = { signers: [ALICE.line, BOB.line], required: 2 };
const TEXT = "what is approved\n";
const NOW = Date.parse("2026-06-01T00:00:00Z");
const of = (signatures: string[], signers = RULES.signers, text = TEXT) =>
    approversOf(text, signatures, { signers }, NOW, sshCrypto);

it("counts each principal once, by name", () => {
    const { approvers, faults } = of([BOB.sign(TEXT), ALICE.sign(TEXT), ALICE.sign(TEXT)]);
    expect(approvers).toEqual([
        { principal: ALICE.principal, key: expect.stringMatching(/^SHA256:\S{43}$/) as string, signature: expect.any(String) as string },
        expect.objectContaining({ principal: BOB.principal }),
    ]);
    expect(isApproverList(approvers)).toBe(true);
    expect(faults).toEqual([]);
}); // prettier-ignore

it("counts two keys of one principal as one approver", () => {
    const second = approver(ALICE.principal);
    expect(of([ALICE.sign(TEXT), second.sign(TEXT)], [ALICE.line, second.line]).approvers).toHaveLength(1);
});

it("says why a signature does not count", () => {
    const expired = `${ALICE.principal} valid-before="20260101Z" ${ALICE.publicKey}`;
    expect(of([EVE.sign(TEXT)]).faults).toEqual([expect.stringMatching(/^the key SHA256:\S+ is not an approver's$/)]);
    expect(of([ALICE.sign("something else\n")]).faults).toEqual([
        "the signature of alice@example.com is not of this approval",
    ]);
    expect(of([ALICE.sign(TEXT, "git")]).faults).toEqual([
        "the signature of alice@example.com is not of this approval",
    ]);
    expect(of([ALICE.sign(TEXT)], [expired]).faults).toEqual([
        expect.stringContaining("is not valid now, or not for approvals"),
    ]);
    expect(of(["no signature"]).faults).toEqual(["a signature cannot be read: it is not a signature of ssh-keygen"]);
    for (const signature of [EVE.sign(TEXT), ALICE.sign("something else\n"), ALICE.sign(TEXT, "git")])
        expect(of([signature]).approvers).toEqual([]);
});

it("writes into a record what it reads out of one", () => {
    expect(approversIn(detailsOfApprovers(RULES))).toEqual({ ...RULES, signers: [...RULES.signers].sort(), emergency: "record" });
    expect(approversIn(detailsOfApprovers(undefined))).toBeUndefined();
    expect(approversIn({ required: 1 })).toBeUndefined();
}); // prettier-ignore

it("compares rules, not where approvals are", () => {
    expect(sameApprovers(RULES, { ...RULES, folder: "elsewhere", emergency: "record" })).toBe(true);
    expect(sameApprovers(RULES, { ...RULES, signers: [BOB.line, ALICE.line] })).toBe(true);
    expect(sameApprovers(RULES, { ...RULES, required: 1 })).toBe(false);
    expect(sameApprovers(RULES, undefined)).toBe(false);
    expect(sameApprovers(undefined, undefined)).toBe(true);
});

it("describes them", () => {
    expect(describeApprovers(RULES)).toBe("2 of alice@example.com, bob@example.com");
    expect(describeApprovers({ signers: [ALICE.line], required: 1 })).toBe("alice@example.com");
});
