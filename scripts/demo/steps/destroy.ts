import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { resources } from "../project.js";
import type { Step } from "../step.js";
import { type World, expect } from "../world.js";

export const destroy: Step = {
    title: "Remove it: nothing but the log is left",
    command: "pulumi destroy",
    async run(world) {
        const before = await leftovers(world);
        const processes = pids(world);
        world.say(`before: ${before.join(", ")}; ${processes.length} processes`);
        expect(
            before.length >= 4 && processes.length > 0,
            "there is not even something to remove, so nothing is proved",
        );

        world.say(resources(await world.project.pulumi("destroy", "--yes", "--skip-preview")));

        const after = [
            ...(await leftovers(world)),
            ...processes.filter(runs).map((pid) => `process ${pid}`),
            ...workFolders(processes),
        ];
        world.say(`after: ${after.length === 0 ? "nothing" : after.join(", ")}`);
        expect(after.length === 0, "something of the relay is left");
        const { code, stdout, stderr } = await world.project.tunnel("audit", "verify", "audit/demo.jsonl");
        expect(code === 0, stderr);
        world.say(stdout.split("\n", 1)[0]!);
    },
};

/** What the relay has on its machine: interface, tables, files. */
async function leftovers(world: World): Promise<string[]> {
    const relay = world.machine("relay");
    const links = await relay.run(["ip", "-o", "link"]);
    const tables = (await relay.run(["nft", "list", "tables"])).trim().split("\n");
    return [
        ...(links.includes(`${world.interface}:`) ? [`interface ${world.interface}`] : []),
        ...tables.filter((table) => table !== ""),
        ...["/etc", "/run", "/var/run/wireguard"].filter(existsSync).flatMap((folder) =>
            readdirSync(folder)
                .filter((name) => name.includes(world.interface))
                .map((name) => `${folder}/${name}`),
        ),
    ];
}

/** WireGuard's, Caddy's and their supervisors', by the files that hold their ids. */
function pids(world: World): string[] {
    const folder = readdirSync("/run").find((name) => name.includes(world.interface));
    expect(folder !== undefined, "the relay keeps nothing in /run");
    return readdirSync(join("/run", folder))
        .filter((name) => name.endsWith(".pid"))
        .map((name) => readFileSync(join("/run", folder, name), "utf8").trim());
}

/** Where the relay's programs work, named after their processes. */
function workFolders(processes: string[]): string[] {
    return readdirSync("/run")
        .filter((name) => processes.some((pid) => name.startsWith(`qp-tunnel-work.${pid}.`)))
        .map((name) => `/run/${name}`);
}

/** A process that has ended may stay listed until its parent asks for it. */
function runs(pid: string): boolean {
    try {
        return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch (error) {
        // ESRCH: it ended while its file was being read.
        if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
        throw error;
    }
}
