import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { World } from "../../../lab/pipelines/machine.js";

/** A repository of one commit, with what a driver of pipelines needs; `close` removes it. */
export function scratchWorld(
    settings: Record<string, string> = {},
): World & { close(): void; write(file: string, text: string): string } {
    const folder = mkdtempSync(join(tmpdir(), "qptunnel-driver-"));
    const [origin, author] = [join(folder, "relay.git"), join(folder, "author")];
    const git = (...args: string[]): void => {
        execFileSync(
            "git",
            ["-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "init.defaultBranch=main", ...args],
            { stdio: "ignore" },
        );
    };
    git("init", "--bare", "-b", "main", origin);
    git("clone", origin, author);
    git("-C", author, "checkout", "-B", "main");
    writeFileSync(join(author, "file"), "content\n");
    git("-C", author, "add", "file");
    git("-C", author, "commit", "-m", "first");
    git("-C", author, "push", "origin", "main");
    mkdirSync(join(folder, "machines"));
    return {
        folder: join(folder, "machines"),
        origin,
        env: {},
        settings,
        run: "1",
        close: () => rmSync(folder, { recursive: true, force: true }),
        write: (file, text) => {
            writeFileSync(join(folder, file), text);
            return join(folder, file);
        },
    };
}
