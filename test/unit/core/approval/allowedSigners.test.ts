import fc from "fast-check";

import { isInForce, parseAllowedSigners, signerLine } from "../../../../core/approval/allowedSigners.js";
import { InvalidArgument } from "../../../../core/errors.js";
import { ALICE, BOB } from "./approverKeys.js";

const parse = (text: string) => parseAllowedSigners(text, "approvers");
const NAMESPACE = "approval@pulumi-qp-tunnel";

it("reads lines with and without options and comments, in one spelling", () => {
    const text = `# who approves\n\n${ALICE.line} alice's laptop\n  bob@example.com namespaces="git,approval@*",valid-after="20260101Z" ${BOB.publicKey}\r\n`;
    expect(parse(text).map(({ line }) => line)).toEqual([
        ALICE.line,
        `bob@example.com namespaces="git,approval@*",valid-after="20260101Z" ${BOB.publicKey}`,
    ]);
    expect(parse(signerLine({ principal: "alice@example.com", publicKey: `${ALICE.publicKey} laptop\n` }))).toEqual(
        parse(ALICE.line),
    );
});

it("says the same of its own spelling", () => {
    const option = fc.constantFrom("", 'namespaces="a,b"', 'valid-before="20300101Z"', 'namespaces="*",valid-after="20250101120000Z"');
    fc.assert(
        fc.property(option, fc.constantFrom(ALICE, BOB), fc.string(), (options, { principal, publicKey }, comment) => {
            const [first] = parse(`${principal} ${options} ${publicKey} ${comment.replace(/[\r\n"]/g, "")}`);
            expect(parse(first!.line)).toEqual([first]);
        }),
    );
}); // prettier-ignore

it.each([
    [`*@example.com ${ALICE.publicKey}`, "is not the name of one approver"],
    [`alice,bob ${ALICE.publicKey}`, "is not the name of one approver"],
    [`alice cert-authority ${ALICE.publicKey}`, "the option cert-authority is not supported"],
    [`alice valid-after="20260101" ${ALICE.publicKey}`, "is not a time in UTC"],
    ["alice ssh-ed25519 AAAA", "its bytes end too early"],
    ["alice ssh-ed25519", "its key is not base64"],
    [`alice ssh-rsa ${ALICE.publicKey.split(" ")[1]}`, "its key is not of the type ssh-rsa"],
    ["alice ssh-dss AAAAB3NzaC1kc3M=", "of a type that is not supported"],
])("refuses %s", (line, problem) => {
    expect(() => parse(`${BOB.line}\n${line}`)).toThrow(InvalidArgument);
    expect(() => parse(`${BOB.line}\n${line}`)).toThrow(problem);
    expect(() => parse(`${BOB.line}\n${line}`)).toThrow("approvers, line 2");
});

it("is in force between its times and in its namespaces", () => {
    const [{ signer }] = parse(
        `alice valid-after="20260101Z",valid-before="202602010600Z",namespaces="!git,approval@*" ${ALICE.publicKey}`,
    ) as [ReturnType<typeof parse>[number]];
    const at = (time: string, namespace = NAMESPACE): boolean => isInForce(signer, namespace, Date.parse(time));
    expect(at("2025-12-31T23:59:59Z")).toBe(false);
    expect(at("2026-01-01T00:00:00Z")).toBe(true);
    expect(at("2026-02-01T05:59:59Z")).toBe(true);
    expect(at("2026-02-01T06:00:00Z")).toBe(false);
    expect(at("2026-01-02T00:00:00Z", "git")).toBe(false);
    expect(at("2026-01-02T00:00:00Z", "file")).toBe(false);
});
