import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Engine } from "./bench.js";

/** Doubles of the engine and the relay, as strict about the log as the real ones: engine.mjs. */
export async function doubledEngine(backend: string): Promise<Engine> {
    const command = `"${process.execPath}" "${join(__dirname, "engine.mjs")}"`;
    const flag = (name: string, text: string): (() => void) => {
        writeFileSync(join(backend, name), text);
        return () => rmSync(join(backend, name));
    };
    return {
        pulumi: `${command} pulumi`,
        qpTunnel: `${command} npx --no qp-tunnel`,
        env: {},
        setUp: async () => {},
        verify: async (log) => {
            const lines = existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [];
            const state = JSON.parse(readFileSync(join(backend, "state.json"), "utf8")) as {
                pinned: number;
                head: string;
            };
            expect(lines[state.pinned - 1]).toBe(state.head);
        },
        breakUpdates: () => flag("broken", ""),
        drift: async () => {
            const repair = flag("drift", "unknown peer @everyone [link](x) is configured on the interface\n");
            return async () => repair();
        },
        close: () => {},
    };
}
