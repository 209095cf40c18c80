import type * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

import type { Setup } from "../providers/hosts/index.js";
import { optionalPackage } from "./optionalPackage.js";

/** Where a setup script runs. */
export type SetupPlace =
    | { namespace: string | undefined }
    | {
          connection: command.types.input.remote.ConnectionArgs;
          /** Another one has to be set up too. */
          machine: pulumi.Input<string>;
      };

/**
 * Runs the operator's own scripts, once per machine. What they print may be secret: it is not logged, and the resource's
 * outputs that hold it are secrets in the state.
 * A change of a script, of a key or of a port runs nothing (`update` does nothing); another machine does.
 */
export function runSetup(
    parent: pulumi.Resource,
    name: string,
    { create, delete: remove }: Setup,
    place: SetupPlace,
    after: pulumi.Resource[] = [],
): pulumi.Resource {
    const { local, remote } = optionalPackage("@pulumi/command", "host.setup");
    const scripts = { create, ...(remove === undefined ? {} : { delete: remove }), update: NOTHING };
    const options = { parent, dependsOn: after, additionalSecretOutputs: ["stdout", "stderr"] };
    if ("connection" in place) {
        const { connection, machine } = place;
        return new remote.Command(
            `${name}-setup`,
            {
                ...scripts,
                logging: remote.Logging.None,
                connection,
                triggers: [machine],
                addPreviousOutputInEnv: false,
            },
            options,
        );
    }
    const { namespace } = place;
    const shell = ["/bin/sh", "-c"];
    return new local.Command(
        `${name}-setup`,
        {
            ...scripts,
            logging: local.Logging.None,
            interpreter: namespace === undefined ? shell : ["ip", "netns", "exec", namespace, ...shell],
            triggers: [namespace ?? ""],
            addPreviousOutputInEnv: false,
        },
        options,
    );
}

/** For sh: succeeds and does nothing. */
const NOTHING = ":";
