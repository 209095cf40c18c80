import { join } from "node:path";

import { execute, type Outcome } from "./processes.js";

/**
 * Runs the real `pulumi` with a backend and a configuration of its own, and with no plugins but those that a project names.
 *
 * @param folder where all of that is; its folder `state` is there
 * @param env in addition to that
 * @throws Error with the engine's words when it fails
 */
export async function pulumiIn(
    folder: string,
    args: string[],
    timeout: number,
    env: Record<string, string> = {},
): Promise<Outcome> {
    const outcome = await execute(["pulumi", ...args, "--non-interactive", "--color", "never"], {
        timeout,
        env: {
            PULUMI_HOME: join(folder, "home"),
            PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
            PULUMI_CONFIG_PASSPHRASE: "test",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            XDG_CONFIG_HOME: join(folder, "config"),
            ...env,
        },
    });
    if (outcome.code !== 0) throw new Error(`pulumi ${args.join(" ")}: ${outcome.stdout}${outcome.stderr}`);
    return outcome;
}
