import { open, rewrite, written } from "./oneLog.js";
import { scratchProject } from "./scratch.js";

scratchProject();

test("entries come from the newest or the oldest; a log that is not there has none", async () => {
    const messages = async (order?: "oldest") => {
        const found: string[] = [];
        for await (const line of (await open()).entries(order)) found.push(line.message);
        return found;
    };
    expect(await messages()).toEqual([]);
    await written(2);
    expect(await messages()).toEqual(["Added p2", "Added p1", "Log of shop/dev begun"]);
    expect(await messages("oldest")).toEqual(["Log of shop/dev begun", "Added p1", "Added p2"]);
    expect(await (await open()).findDetails(({ action }) => action === "none")).toBeUndefined();
    rewrite((all) => all.map((text, n) => (n === 1 ? text.replace("{", "{ ") : text)));
    await expect(messages()).rejects.toThrow("line 2 of audit/dev.jsonl: it is not in the log's canonical encoding");
});
