import { readFileSync, readdirSync, readlinkSync } from "node:fs";

/**
 * Ends programs of a project whose engine was killed. Pulumi's Node runtime then writes its complaint into a pipe that nobody
 * reads any more, complains about that, and so on for ever, with a whole core.
 */
export function endOrphans(folder: string): void {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        if (!commandOf(pid).includes("@pulumi/pulumi/cmd/run") || folderOf(pid) !== folder) continue;
        const languageHost = parentOf(pid);
        if (languageHost === undefined || /^(\S*\/)?pulumi\0/.test(commandOf(parentOf(languageHost) ?? ""))) continue;
        for (const orphan of [pid, languageHost]) end(orphan);
    }
}

function commandOf(pid: string): string {
    return read(`/proc/${pid}/cmdline`);
}

function parentOf(pid: string): string | undefined {
    return /^PPid:\s*(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1];
}

function folderOf(pid: string): string | undefined {
    try {
        return readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, "");
    } catch {
        return undefined;
    }
}

function read(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        // It has ended meanwhile.
        return "";
    }
}

function end(pid: string): void {
    try {
        process.kill(Number(pid), "SIGKILL");
    } catch {
        // It has ended meanwhile.
    }
}
