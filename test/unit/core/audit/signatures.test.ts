import { Signatures } from "../../../../core/audit/signatures.js";
import { AuditError } from "../../../../core/errors.js";
import { nativePrimitives } from "../../../../providers/audit/primitives.js";
import { entry, makeLog } from "./logs.js";

const { log, lines } = makeLog([1, 2, 3].map((number) => entry(number)));
const [, one, two, three] = lines as [never, (typeof lines)[number], (typeof lines)[number], (typeof lines)[number]];
const broken = { ...two, capsule: { ...two.capsule, signature: one.capsule.signature } };

it("refuses a signature at once, naming the line", () => {
    const signatures = new Signatures("log", nativePrimitives);
    signatures.check(one, 2, log);
    expect(() => signatures.check(broken, 3, log)).toThrow(/^line 3 of log: its signature/);
    expect(signatures).toMatchObject({ checked: 1, unsettled: false });
});

it("names the first wrong line of those that were checked on other threads, whichever answers first", async () => {
    const answers: ((valid: boolean) => void)[] = [];
    const slow = { ...nativePrimitives, verifyAside: () => new Promise<boolean>((resolve) => answers.push(resolve)) };
    const signatures = new Signatures("log", slow);
    [one, two, three].forEach((line, index) => signatures.checkAside(line, index + 2, log));
    expect(signatures).toMatchObject({ checked: 3, unsettled: true });
    const settled = signatures.settle(0);
    answers[2]?.(false);
    answers[1]?.(false);
    answers[0]?.(true);
    await expect(settled).rejects.toThrow(/^line 3 of log/);
});

it("leaves as many under way as it may, and takes a check that failed for a wrong signature", async () => {
    const failing = { ...nativePrimitives, verifyAside: () => Promise.reject(new Error("no thread")) };
    const signatures = new Signatures("log", failing);
    signatures.checkAside(one, 2, log);
    await signatures.settle(1);
    expect(signatures.unsettled).toBe(true);
    await expect(signatures.settle(0)).rejects.toBeInstanceOf(AuditError);
});

it("checks at once where there are no other threads", () => {
    const { verifyAside: _, ...alone } = nativePrimitives;
    const signatures = new Signatures("log", alone);
    expect(() => signatures.checkAside(broken, 3, log)).toThrow(AuditError);
    expect(signatures.unsettled).toBe(false);
});
