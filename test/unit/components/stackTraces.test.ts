import { Managed } from "../../../components/managed.js";
import { withoutStackTraces } from "../../../components/stackTraces.js";
import { withState } from "./engineState.js";

const frames = (): number => (new Error("here").stack ?? "").split("\n").length - 1;

it("takes no stack trace until it is told to, or what throws in between is over", async () => {
    const before = frames();
    expect(before).toBeGreaterThan(0);
    const restore = withoutStackTraces();
    expect(frames()).toBe(0);
    restore();
    expect(frames()).toBe(before);
    expect(() => {
        withoutStackTraces();
        throw new Error("in a constructor");
    }).toThrow("in a constructor");
    expect(frames()).toBe(0);
    await Promise.resolve();
    expect(frames()).toBeGreaterThan(0);
});

it("a resource registers without stack traces, and the program has them again behind it", async () => {
    const seen: number[] = [];
    // The SDK reads inputs while it registers.
    const inputs = {
        get relay(): string {
            seen.push(frames());
            return "hub";
        },
    };
    await withState({}, () => {
        new Managed("Grants", "hub-grants", inputs, {});
        seen.push(frames());
    });
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBeGreaterThan(0);
});
