import { Operation, placeOf, type RecordSpec } from "../../../../providers/audit/operation.js";
import { InvalidArgument } from "../../../../core/errors.js";

async function recorded(run: (operation: Operation) => Promise<unknown>) {
    const records: { spec: RecordSpec; id: string }[] = [];
    const append = async (spec: RecordSpec, id: string) => {
        records.push({ spec, id });
        return { sequence: records.length, hash: "", offset: 0 };
    };
    const operation = await Operation.begin(append, {
        action: "peer_add",
        message: "Adding alice",
        details: { name: "alice" },
    });
    await run(operation);
    expect(new Set(records.map(({ id }) => id)).size).toBe(1);
    expect(operation.correlationId).toBe(records[0]?.id);
    expect(operation.mark.sequence).toBe(records.length);
    return records.map(({ spec }) => spec);
}

test("an operation begins and ends under one id", async () => {
    expect(await recorded((operation) => operation.success({ message: "Added alice" }))).toEqual([
        { action: "peer_add_begin", status: "success", message: "Adding alice", details: { name: "alice" } },
        { action: "peer_add", status: "success", message: "Added alice", details: {} },
    ]);
});

test("it may have several outcomes, of other names", async () => {
    const [, ...outcomes] = await recorded(async (operation) => {
        await operation.record({ action: "peer_remove", message: "Removed bob", details: { name: "bob" } });
        await operation.record({ action: "log_note", status: "failure", message: "Odd" });
        await operation.success({ action: "key_rotate", message: "Rotated" });
    });
    expect(outcomes).toEqual([
        { action: "peer_remove", status: "success", message: "Removed bob", details: { name: "bob" } },
        { action: "log_note", status: "failure", message: "Odd", details: {} },
        { action: "key_rotate", status: "success", message: "Rotated", details: {} },
    ]);
});

test("a failure says what, and the file and line of ours it came from", async () => {
    const error = new InvalidArgument("peers.alice", "taken", "take another");
    const [, failure] = await recorded((operation) => operation.failure(error, { details: { relay: "relay" } }));
    expect(failure).toEqual({
        action: "peer_add_error",
        status: "failure",
        message: "peers.alice: taken; take another",
        details: {
            error: "InvalidArgument",
            file: "test/unit/providers/audit/operation.test.ts",
            line: expect.any(Number),
            relay: "relay",
        },
    });
});

test("a failure told in other words keeps the reason", async () => {
    const [, failure] = await recorded((operation) =>
        operation.failure("cut off", { message: "The relay did not answer" }),
    );
    expect(failure).toEqual({
        action: "peer_add_error",
        status: "failure",
        message: "The relay did not answer",
        details: { reason: "cut off" },
    });
});

test("frames of others are passed over", () => {
    const error = new Error("x");
    const frames = (error.stack ?? "").split("\n").slice(1);
    error.stack = ["Error: x", "    at node:internal/process:1:2", "    at f (/usr/lib/other.js:3:4)", ...frames].join(
        "\n",
    );
    expect(placeOf(error)).toEqual({ file: "test/unit/providers/audit/operation.test.ts", line: expect.any(Number) });
    error.stack = "Error: x\n    at f (/usr/lib/other.js:3:4)";
    expect(placeOf(error)).toEqual({});
    expect(placeOf("text")).toEqual({});
});
