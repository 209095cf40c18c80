import { Writable } from "node:stream";

import { main } from "../../../cli/main.js";

/** Runs the command in this process. */
export async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const [stdout, stderr] = [collector(), collector()];
    const code = await main(args, { stdout, stderr });
    return { code, stdout: stdout.text, stderr: stderr.text };
}

function collector(): Writable & { text: string } {
    const stream = new Writable({
        write(chunk, _encoding, done) {
            collected.text += String(chunk);
            done();
        },
    });
    const collected = Object.assign(stream, { text: "" });
    return collected;
}
