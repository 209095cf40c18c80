import { fstatSync } from "node:fs";

import { type ComponentTable } from "./components/component.js";
import { type FunctionTable } from "./functions/function.js";
import { type ResourceTable } from "./registry.js";
import { serve } from "./server.js";

/**
 * A plugin's process: started by the engine with its address as the last argument, answers with the port it listens
 * on, lives until it is told to end or the engine is gone, and ends only when what is running has finished.
 *
 * Standard output carries the port and nothing else; what a library prints goes to standard error.
 */
export async function runPlugin(
    table: ResourceTable,
    functions: FunctionTable = {},
    components: ComponentTable = {},
): Promise<void> {
    process.umask(0o077);
    console.log = console.info = console.debug = console.error;
    // The engine may be gone while an operation finishes; that its pipes are closed must not stop it.
    process.stdout.on("error", () => {});
    process.stderr.on("error", () => {});

    const engineAddress = process.argv.slice(2).findLast((argument) => !argument.startsWith("-"));
    const plugin = await serve(table, engineAddress, functions, components);

    const stop = once(() => void plugin.stop().then(() => process.exit(0)));
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
    process.on("SIGHUP", stop);
    whenEngineDies(stop);

    process.stdout.write(`${plugin.port}\n`);
}

/** The engine holds the other end of our standard input: a pipe that ends when it dies, however it dies. */
function whenEngineDies(stop: () => void): void {
    const stdin = fstatSync(0);
    if (stdin.isFIFO() || stdin.isSocket()) {
        process.stdin.on("end", stop).on("error", stop).resume();
    }
}

function once(action: () => void): () => void {
    let done = false;
    return () => {
        if (!done) {
            done = true;
            action();
        }
    };
}
