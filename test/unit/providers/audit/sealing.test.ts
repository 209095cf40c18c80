import { verifyLog } from "../../../../core/audit/verify.js";
import { nativePrimitives, nativeSigner } from "../../../../providers/audit/primitives.js";
import { beginLog, refuseRetired, sealBehind } from "../../../../providers/audit/sealing.js";
import type { UntimedEntry, Writer } from "../../../../providers/audit/writer.js";

const signer = nativeSigner(Buffer.alloc(32, 1));
const next = nativeSigner(Buffer.alloc(32, 2));
const writer: Writer = {
    origin: { project: "shop", stack: "dev" },
    checkOrigin: () => undefined,
    signer: () => signer,
    expectExisting: false,
    user: "alice",
};
const entry = (name: string): UntimedEntry => ({
    action: "peer_add",
    status: "success",
    message: `Added ${name}`,
    user: "alice",
    details: { name },
    correlation_id: "00000000-0000-4000-8000-000000000000",
});
const { action: _action, details: _details, ...rotation } = entry("nobody");
const verify = (texts: string[]) =>
    verifyLog("log", () => [Buffer.from(texts.join(""))], { primitives: nativePrimitives, mode: "full" });

it("what is sealed one after the other is a log, and each mark is where its line is", async () => {
    const begun = beginLog(writer, signer);
    const sealed = sealBehind(begun.ends, [entry("a"), entry("b")], signer);
    const texts = [...begun.texts, ...sealed.texts];
    const verdict = await verify(texts);
    expect(verdict).toMatchObject({ size: 3, bytes: sealed.ends.bytes, head: sealed.ends.last.capsule.hash });
    for (const { offset, hash } of sealed.marks) expect(texts.join("").slice(offset).split("\n")[0]).toContain(hash);
    // The ends that it went on from stay as they were.
    expect(begun.ends.last.capsule.sequence).toBe(0);
});

it("a rotation is the old key's last record; behind it the next key seals, and the old one is refused", async () => {
    const begun = beginLog(writer, signer);
    const rotated = sealBehind(begun.ends, [entry("a"), rotation], signer, next);
    const after = sealBehind(rotated.ends, [entry("b")], next);
    const verdict = await verify([...begun.texts, ...rotated.texts, ...after.texts]);
    expect(verdict.keys.map(({ publicKey, from }) => [publicKey, from])).toEqual([
        [signer.publicKey, 0],
        [next.publicKey, 3],
    ]);
    expect(after.ends.keys).toEqual(verdict.keys);
    expect(() => refuseRetired(next, after.ends, "log")).not.toThrow();
    expect(() => refuseRetired(signer, after.ends, "log")).toThrow("line 3 of log retired it");
});

it("a log that acknowledges a loss says so in its first record", () => {
    const { ends } = beginLog({ ...writer, restartFrom: "ab".repeat(32) }, signer);
    expect(ends).toMatchObject({
        restartedFrom: "ab".repeat(32),
        last: { details: { restarted_from: "ab".repeat(32) } },
    });
});

it("an entry without action is a rotation's, and needs the next key", () => {
    expect(() => sealBehind(beginLog(writer, signer).ends, [rotation], signer)).toThrow(TypeError);
});
