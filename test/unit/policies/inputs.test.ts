import { entriesIn, mapIn, relayOf, sshHost, subjectOf } from "../../../policies/inputs.js";
import { analyzed, inStack } from "./analyzed.js";

const EXPIRY = "2030-01-01T00:00:00Z";

test("maps are read as empty where they are absent, and lines as what they say", () => {
    expect(mapIn({ host: { kind: "ssh" } }, "host")).toEqual({ kind: "ssh" });
    expect(mapIn({}, "host")).toEqual({});
    const peers = { alice: { address: "10.8.0.2" }, bob: undefined, carol: `10.8.0.3 - expires ${EXPIRY}` };
    expect(entriesIn(analyzed("Registry", { peers }), "peers")).toEqual([
        ["alice", { address: "10.8.0.2" }],
        ["bob", {}],
        ["carol", { address: "10.8.0.3", expires: EXPIRY }],
    ]);
});

test("machines are called by their relay", () => {
    expect(subjectOf(analyzed("Host", {}))).toBe("relay office");
    expect(subjectOf(analyzed("Host", { role: "leaf", relay: "office/nas" }))).toBe("managed peer nas of relay office");
    expect(sshHost(analyzed("Host", { host: { kind: "local" } }))).toBeUndefined();
});

test("a resource's name tells its relay", () => {
    expect(relayOf(inStack("Registry", "my-office-registry"))).toBe("my-office");
    expect(relayOf(inStack("AuditCheckpoint", "office-audit"))).toBe("office");
    expect(relayOf(inStack("Relay", "office"))).toBeUndefined();
    expect(relayOf(inStack("Host", "office-nas-host", {}, "ManagedPeer"))).toBeUndefined();
    expect(relayOf({ ...inStack("Host", "office-host"), type: "aws:index:Host" })).toBeUndefined();
});
