import type { LabNode } from "./node.js";

/**
 * Has a relay's watcher wait, so that what a test does to the relay is there when a refresh looks: it would be restored
 * first. An update that changes the interface starts another watcher, which does not wait.
 *
 * @param run where the relay keeps what runs
 * @returns lets it go on
 */
export async function pauseWatcher(node: LabNode, run: string): Promise<() => Promise<void>> {
    await signal(node, run, "STOP");
    return async () => signal(node, run, "CONT");
}

/** Ends it for good. */
export async function endWatcher(node: LabNode, run: string): Promise<void> {
    await signal(node, run, "STOP");
    await signal(node, run, "KILL");
}

async function signal(node: LabNode, run: string, name: "STOP" | "CONT" | "KILL"): Promise<void> {
    await node.run(["timeout", "60", "bash", "-c", SIGNAL, "signal", run, name]);
}

/** The two of them are signalled together, and what they have started by then comes to its end. */
const SIGNAL = `
pids=()
for file in "$1/watch.supervisor.pid" "$1/watch.pid"; do
    [[ ! -s "$file" ]] || ! kill -0 "$(<"$file")" 2>/dev/null || pids+=("$(<"$file")")
done
((\${#pids[@]} > 0)) || exit 0
kill "-$2" "\${pids[@]}"
acts() {
    local child
    for child in $(cat "/proc/\${pids[-1]}/task/\${pids[-1]}/children" 2>/dev/null); do
        ! { tr '\\0' ' ' <"/proc/$child/cmdline" | grep -E ' watch-(act|guard) ' >/dev/null; } 2>/dev/null || return 0
    done
    return 1
}
[[ "$2" != STOP ]] || while acts; do sleep 0.05; done`;
