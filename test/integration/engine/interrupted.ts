import { readFileSync, readdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Run, Stack } from "../../lab/stack.js";

/**
 * An update that is killed, with all its processes, when the engine saves the state for the nth time: between two of its
 * steps. One that saves less often runs to its end.
 */
export async function upKilledAtSave(stack: Stack, nth: number, ...args: string[]): Promise<Run> {
    const pid = join(stack.folder, "engine.pid");
    stack.interpose("pulumi", `PATH="\${PATH#*:}"; export PATH; echo $$ > ${pid}`);
    let saves = 0;
    const folder = stateFolder(stack);
    const state = join(folder, "dev.json");
    let whole = readFileSync(state, "utf8");
    const watcher = watch(folder, (_event, file) => {
        if (file !== "dev.json") return;
        // The file backend does not write it at once.
        const text = contentOf(state);
        if (!isWhole(text) || text === whole) return;
        whole = text;
        if (++saves === nth) killAll(Number(readFileSync(pid, "utf8")));
    });
    try {
        return await stack.run(["up", "--yes", "--skip-preview", ...args]);
    } finally {
        watcher.close();
        stack.restore();
        // Killed while it wrote the next one: whoever uses that backend has the one before it.
        if (!isWhole(contentOf(state))) writeFileSync(state, whole);
        // What the backend notes beside each file may be missing, but not a half of it.
        for (const name of readdirSync(folder).filter((each) => each.endsWith(".attrs"))) {
            if (!isWhole(contentOf(join(folder, name)))) rmSync(join(folder, name));
        }
    }
}

/** Resources in each state that the engine saved and the backend was told to retain, oldest first. */
export function savedResources(stack: Stack): { urn: string; delete?: boolean }[][] {
    const folder = stateFolder(stack);
    return readdirSync(folder)
        .filter((name) => /^dev\.json\.\d+$/.test(name))
        .sort()
        .map((name) => {
            const { checkpoint } = JSON.parse(readFileSync(join(folder, name), "utf8")) as Saved;
            return checkpoint.latest.resources;
        });
}

interface Saved {
    checkpoint: { latest: { resources: { urn: string; delete?: boolean }[] } };
}

function stateFolder(stack: Stack): string {
    const projects = join(stack.folder, "backend", ".pulumi", "stacks");
    return join(projects, readdirSync(projects)[0]!);
}

function contentOf(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        // Between two names.
        return "";
    }
}

function isWhole(text: string): boolean {
    try {
        return typeof JSON.parse(text) === "object";
    } catch {
        return false;
    }
}

/** The plugins are in process groups of their own. */
function killAll(engine: number): void {
    const children = readdirSync("/proc")
        .filter((entry) => /^\d+$/.test(entry) && parentOf(entry) === engine)
        .map(Number);
    for (const process of [engine, ...children]) kill(process);
}

function parentOf(process: string): number | undefined {
    try {
        return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${process}/status`, "utf8"))?.[1]);
    } catch {
        return undefined;
    }
}

function kill(id: number): void {
    try {
        process.kill(id, "SIGKILL");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}
