import { readFileSync } from "node:fs";
import { join } from "node:path";

import { SEED } from "../../core/audit/logs.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { story } from "../story.js";

const scratch = scratchFolder();
const log = story();
const file = (): string => join(scratch.path, "dev.jsonl");

describe("audit rotate-key", () => {
    test("writes the record and replaces the key's file; verify names both keys", async () => {
        scratch.write("dev.jsonl", log.bytes);
        const key = scratch.write("log.key", `${SEED.toString("hex")}\n`);
        (await import("node:fs")).chmodSync(key, 0o600);
        const { code, stdout, stderr } = await run(
            "audit",
            "rotate-key",
            file(),
            "--signing-key",
            `file:${key}`,
            "--json",
        );
        expect([code, stderr]).toEqual([0, ""]);
        const rotation = JSON.parse(stdout) as Record<string, string>;
        expect(rotation).toMatchObject({ previous: log.log.publicKey, sequence: 14, file: key });
        expect(readFileSync(rotation["backup"]!, "utf8")).toBe(`${SEED.toString("hex")}\n`);
        expect(stdout).not.toContain(readFileSync(key, "utf8").trim());
        const verified = await run("audit", "verify", file(), "--key", log.log.publicKey, "--genesis", log.log.genesis);
        expect(verified.stdout.split("\n").slice(2, 4)).toEqual([
            `  key        ${log.log.publicKey}`,
            `  from 16    ${rotation["publicKey"]}`,
        ]);
        expect(verified.stdout).toContain("every line, hash and link, every signature");
        // The checkpoint of before still pins its beginning.
        expect((await run("audit", "verify", file(), "--checkpoint", JSON.stringify(log.checkpoint))).code).toBe(0);
    });

    test("leaves a log that is not intact alone", async () => {
        scratch.write("dev.jsonl", String(log.bytes).replace("Adding dave", "Adding anna"));
        const before = readFileSync(file());
        const { code, stderr } = await run("audit", "rotate-key", file(), "--signing-key", "env:NONE");
        expect([code, stderr]).toEqual([1, expect.stringContaining("line 8 of")]);
        expect(readFileSync(file())).toEqual(before);
    });
});
