import { auditLog } from "../../../policies/auditLog.js";
import { analyzed, inStack, saidOf, saidOfStack } from "./analyzed.js";

test("a relay with its log is accepted, and a managed peer, whose records are in the relay's", () => {
    const resources = [
        inStack("Registry", "office-registry"),
        inStack("Host", "office-host"),
        inStack("AuditCheckpoint", "office-audit"),
        inStack("Host", "office-nas-host", {}, "ManagedPeer"),
    ];
    expect(saidOfStack(auditLog, resources, {})).toEqual([]);
});

test("a relay without one is refused, once", () => {
    const resources = [
        inStack("AuditCheckpoint", "office-audit"),
        inStack("Registry", "branch-registry"),
        inStack("Host", "branch-host"),
        inStack("WireGuard", "branch-wireguard"),
    ];
    expect(saidOfStack(auditLog, resources, {})).toEqual([
        "urn:branch-registry: relay branch: its audit log is not pinned in the stack; declare it with Relay and an AuditSink, and run `pulumi up` without --target",
    ]);
});

test.each(["audit/prod.jsonl", "/srv/audit/prod.jsonl", "tmp/prod.jsonl"])("a log in %s is accepted", (path) => {
    expect(saidOf(auditLog, analyzed("AuditCheckpoint", { audit: { path } }), {})).toEqual([]);
});

test.each(["/tmp/prod.jsonl", "/dev/null", "/run/relay/prod.jsonl"])("a log in %s is refused", (path) => {
    expect(saidOf(auditLog, analyzed("AuditCheckpoint", { audit: { path } }), {})).toEqual([
        `relay office: the audit log ${path} is lost with the machine's temporary files; choose a path in the project`,
    ]);
});
