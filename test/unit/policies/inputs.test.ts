import { entriesIn, mapIn, relayOf, sshHost, subjectOf } from "../../../policies/inputs.js";
import { analyzed, inStack } from "./analyzed.js";

test("maps are read as empty where they are absent", () => {
    expect(mapIn({ host: { kind: "ssh" } }, "host")).toEqual({ kind: "ssh" });
    expect(mapIn({}, "host")).toEqual({});
    expect(entriesIn({ peers: { alice: { address: "10.8.0.2" }, bob: undefined } }, "peers")).toEqual([
        ["alice", { address: "10.8.0.2" }],
        ["bob", {}],
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
