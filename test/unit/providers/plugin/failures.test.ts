import { Refused, TunnelError } from "../../../../core/errors.js";
import { describe as inWords, RpcFailure } from "../../../../providers/plugin/failures.js";
import { PartialFailure } from "../../../../providers/resources/resource.js";

const partly = new PartialFailure("id", {}, {}, ["one", "two"]);

it("what a person can act on is told as it is", () => {
    expect(inWords(new TunnelError("the relay", "is off", "switch it on"))).toBe("the relay: is off; switch it on");
    expect(inWords(partly)).toBe("one; two");
    expect(inWords(new Refused([{ path: "peers.alice", problem: "is revoked", fix: "use a new key" }]))).toContain(
        "peers.alice: is revoked; use a new key",
    );
});

it("anything else is a fault, and says where in this package", () => {
    const error = new TypeError("x is not a function");
    error.stack = `TypeError: x\n    at f (/somewhere/else.js:1:2)\n    at g (${__dirname}/failures.test.ts:7:8)`;
    expect(inWords(error)).toBe(
        "unexpected TypeError at test/unit/providers/plugin/failures.test.ts:7: x is not a function",
    );
    error.stack = "TypeError: x\n    at f (/somewhere/else.js:1:2)";
    expect(inWords(error)).toBe("unexpected TypeError: x is not a function");
    expect(inWords("a text")).toBe("unexpected failure: the thrown value is not an Error");
});

it("the engine is told without secrets, and what was done in part only where something was", () => {
    const hide = (text: string): string => text.replace("secret", "[hidden]");
    const plain = new RpcFailure(new TunnelError("a secret", "leaks", "stop"), hide, () => Buffer.from("never"));
    expect([plain.code, plain.details, plain.message]).toEqual([
        2,
        "a [hidden]: leaks; stop",
        "a [hidden]: leaks; stop",
    ]);
    expect(plain.metadata.get("grpc-status-details-bin")).toEqual([]);
    const part = new RpcFailure(partly, hide, () => Buffer.from("what was done"));
    const [detail] = part.metadata.get("grpc-status-details-bin");
    expect(String(detail)).toContain("what was done");
    expect(String(detail)).toContain("pulumirpc.ErrorResourceInitFailed");
    expect(new RpcFailure(partly, hide, () => undefined).metadata.get("grpc-status-details-bin")).toEqual([]);
});
