import { logMirror } from "../../../policies/logMirror.js";
import { analyzed, saidOf } from "./analyzed.js";

const said = (audit: object): string[] => saidOf(logMirror, analyzed("AuditCheckpoint", { audit }), {});

test("a log with a mirror is accepted", () => {
    expect(said({ path: "audit/prod.jsonl", mirror: true })).toEqual([]);
    expect(said({ path: "audit/prod.jsonl" })).toEqual([]);
});

test("a log without a mirror is refused", () => {
    expect(said({ path: "audit/prod.jsonl", mirror: false })).toEqual([
        "relay office: the audit log is not mirrored on the relay; remove mirror: false from AuditSink",
    ]);
});
