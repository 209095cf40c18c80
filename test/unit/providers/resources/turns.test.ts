import { inTurn } from "../../../../providers/resources/turns.js";

function later(log: string[], name: string, error?: Error): () => Promise<string> {
    return async () => {
        log.push(`${name} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        log.push(`${name} ends`);
        if (error !== undefined) throw error;
        return name;
    };
}

it("lets one task at a time at one machine, in the order in which they came, and goes on behind one that fails", async () => {
    const log: string[] = [];
    const results = await Promise.allSettled([
        inTurn("relay", later(log, "first", new Error("failed"))),
        inTurn("relay", later(log, "second")),
    ]);
    expect(results).toMatchObject([{ reason: { message: "failed" } }, { value: "second" }]);
    expect(log).toEqual(["first begins", "first ends", "second begins", "second ends"]);
});

it("does not wait for another machine", async () => {
    const log: string[] = [];
    await Promise.all([inTurn("relay", later(log, "here")), inTurn("site", later(log, "there"))]);
    expect(log.slice(0, 2)).toEqual(["here begins", "there begins"]);
});
