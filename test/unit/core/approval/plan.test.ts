import fc from "fast-check";

import { renderBase } from "../../../../core/approval/baseSentence.js";
import { describeHidden } from "../../../../core/approval/hidden.js";
import { planToApprove } from "../../../../core/approval/plan.js";
import { stepText } from "../../../../core/approval/step.js";
import { InvalidArgument } from "../../../../core/errors.js";
import { packed, unpacked } from "../../../../core/packed/index.js";
import { sha3 } from "./statements.js";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const BASE = { path: "audit/dev.jsonl", genesis: "a".repeat(64), size: 12, head: "c".repeat(64) };
const urnOf = (kind: string, name = `hub-${kind.toLowerCase()}`): string =>
    `urn:pulumi:dev::shop::qptunnel:index:Relay$qptunnel:index:${kind}::${name}`;

interface Said {
    kind?: string;
    message: string;
    severity?: string;
}

function preview(steps: object[], said: Said[] = [{ kind: "Registry", message: renderBase(BASE) }]): string {
    const diagnostics = said.map(({ kind, message, severity = "info" }) => ({
        ...(kind === undefined ? {} : { urn: urnOf(kind) }),
        message: `${message}\n`,
        severity,
    }));
    return JSON.stringify({ steps, diagnostics });
}

const step = (kind: string, op: string, more: object): object => ({ op, urn: urnOf(kind), ...more });
const plan = (text: string) => planToApprove(text, "plan.json", { sha3 });
const GRANTS = step("Grants", "update", {
    oldState: { inputs: { relay: "hub" }, outputs: { record: { hash: "r1" }, applied: 9 } },
    newState: { inputs: { relay: "hub", rules: { alice: ["all"] } } },
});

it("states what a preview says, changes and was made on", () => {
    const text = preview(
        [
            { op: "same", urn: "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev" },
            { op: "create", urn: "urn:pulumi:dev::shop::aws:s3/bucket:Bucket::b", newState: { inputs: {} } },
            { op: "create", urn: urnOf("Peer", "alice"), newState: { custom: false, inputs: {} } },
            step("Host", "same", { oldState: { inputs: { relay: "hub" }, outputs: { applied: 10 } } }),
            GRANTS,
            step("Proxy", "delete", { oldState: { inputs: { relay: "hub" }, outputs: { record: { hash: "r2" } } } }),
        ],
        [
            { kind: "Registry", message: renderBase(BASE) },
            { kind: "Grants", message: "hub: alice is allowed to reach nas on all ports" },
            { kind: "Proxy", message: "hub: alice is allowed to reach nas on all ports" },
            { kind: "Grants", message: "hub: expires soon", severity: "warning" },
            { kind: "AuditCheckpoint", message: `audit log: 12 records, head ${"c".repeat(16)}, verified` },
            { message: "what the program prints" },
        ],
    );
    const { statement, unseen } = plan(text);
    expect(unseen).toEqual([]);
    expect(statement).toEqual({
        project: "shop",
        stack: "dev",
        plan: sha3(text),
        logs: [BASE],
        relays: [{ relay: "hub", generation: 10 }],
        sentences: ["hub: alice is allowed to reach nas on all ports"],
        steps: [
            {
                urn: urnOf("Grants"),
                operation: "update",
                digest: sha3(
                    stepText(
                        {
                            urn: urnOf("Grants"),
                            operation: "update",
                            inputs: { relay: "hub", rules: { alice: ["all"] } },
                            outputs: { record: { hash: "r1" } },
                        },
                        [],
                    ),
                ),
                hidden: [],
                open: false,
            },
            {
                urn: urnOf("Proxy"),
                operation: "delete",
                digest: sha3(stepText({ urn: urnOf("Proxy"), operation: "delete", outputs: { record: { hash: "r2" } } }, [])),
                hidden: [],
                open: false,
            },
        ],
    });
}); // prettier-ignore

it("comes to the digest that the resource comes to, whatever was hidden", () => {
    const name = fc.stringMatching(/^[a-z]{1,5}$/);
    const value = fc.oneof(fc.string(), fc.integer(), fc.constantFrom(UNKNOWN, "[secret]"));
    fc.assert(
        fc.property(fc.dictionary(name, fc.dictionary(name, value)), fc.string(), (inputs, later) => {
            const { statement } = plan(preview([step("Lamp", "create", { newState: { inputs } })]));
            const [approved] = statement.steps;
            const known: unknown = JSON.parse(JSON.stringify(inputs), (_key, each: unknown) =>
                each === UNKNOWN || each === "[secret]" ? later : each,
            );
            const then = { urn: urnOf("Lamp"), operation: "create" as const, inputs: known as Record<string, unknown> };
            expect(sha3(stepText(then, approved!.hidden))).toBe(approved!.digest);
        }),
    );
});

it("compares peers as resources have them, which travel as lines", () => {
    const inputs = { relay: "hub", peers: { alice: { address: "10.8.0.2", publicKey: "k", routes: ["10.1.0.0/16"] } } };
    const { statement } = plan(preview([step("WireGuard", "create", { newState: { inputs: packed("WireGuard", inputs) } })]));
    const then = { urn: urnOf("WireGuard"), operation: "create" as const, inputs: unpacked("WireGuard", packed("WireGuard", inputs)) };
    expect(statement.steps[0]!.digest).toBe(sha3(stepText(then, [])));
}); // prettier-ignore

it("names what is hidden and not the library's own", () => {
    const keyPair = {
        op: "create",
        urn: urnOf("KeyPair", "bob-key"),
        newState: { inputs: { owner: "bob", epoch: 1 } },
    };
    const wireguard = step("WireGuard", "create", {
        newState: {
            inputs: {
                relay: "hub",
                seed: "[secret]",
                machine: UNKNOWN,
                reached: { client: UNKNOWN },
                publicKeys: { alice: UNKNOWN, bob: UNKNOWN },
                supplied: { routes: UNKNOWN },
            },
        },
    });
    const { unseen, statement } = plan(preview([keyPair, wireguard]));
    expect(unseen.map(describeHidden)).toEqual([
        "publicKeys.alice of WireGuard hub-wireguard",
        "supplied.routes of WireGuard hub-wireguard",
    ]);
    expect(statement.steps.map(({ open }) => open)).toEqual([false, true]);
    expect(statement.steps[1]!.hidden).toEqual([
        ["seed"],
        ["machine"],
        ["publicKeys", "alice"],
        ["publicKeys", "bob"],
        ["supplied", "routes"],
    ]);
});

it("takes the log from the state where the preview says nothing, and the longer one", () => {
    const pinned = { genesis: BASE.genesis, size: 20, head: "d".repeat(64) };
    const checkpoint = step("AuditCheckpoint", "delete", {
        oldState: { inputs: { relay: "hub", audit: { path: BASE.path } }, outputs: pinned },
    });
    expect(plan(preview([checkpoint], [])).statement.logs).toEqual([{ path: BASE.path, ...pinned }]);
    expect(plan(preview([checkpoint])).statement.logs).toEqual([{ path: BASE.path, ...pinned }]);
    const now = { ...BASE, size: 30 };
    expect(planToApprove(preview([GRANTS], []), "plan.json", { sha3 }, now).statement.logs).toEqual([now]);
});

it("states the step that is planned, not what a refresh found before", () => {
    const found = step("Grants", "update", {
        oldState: { inputs: { relay: "hub" }, outputs: {} },
        newState: { inputs: { relay: "hub" }, outputs: { drift: { table: "was changed" } } },
    });
    expect(plan(preview([found, GRANTS])).statement.steps).toEqual(plan(preview([GRANTS])).statement.steps);
});

it("does not bind a restored machine to what it is no longer", () => {
    const outputs = { applied: 9, drift: { restored: "the machine was restored" } };
    const restored = step("Host", "update", {
        oldState: { inputs: { relay: "hub" }, outputs },
        newState: { inputs: { relay: "hub" } },
    });
    expect(plan(preview([restored, GRANTS])).statement.relays).toEqual([]);
});

it("knows the approvers that the program names", () => {
    const approvers = { signers: ["alice ssh-ed25519 AAAA"], required: 1, folder: "signed" };
    const audited = step("Grants", "create", { newState: { inputs: { audit: { path: "a", approvers } } } });
    expect(plan(preview([audited])).approvers).toEqual({ ...approvers, emergency: "record" });
    expect(plan(preview([GRANTS])).approvers).toBeUndefined();
});

it.each([
    ["no JSON", "{", "it is not JSON"],
    ["something else", "[]", "it is not a preview of Pulumi"],
    ["a preview that failed", preview([GRANTS], [{ message: "error: no", severity: "error" }]), "the preview failed"],
    ["a preview without changes", preview([]), "nothing changes on a relay"],
    ["a preview that says nothing of the log", preview([GRANTS], []), "does not say how long the log is"],
])("refuses %s", (_what, text, problem) => {
    expect(() => plan(text)).toThrow(InvalidArgument);
    expect(() => plan(text)).toThrow(problem);
});
