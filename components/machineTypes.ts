import type * as pulumi from "@pulumi/pulumi";

import type { Recorded } from "./managed.js";

/** Where a relay is put: what its resources are told about it, and what has to exist before them. */
export interface Machine {
    /** `host`: the descriptor; `credentials`: a private SSH key, a secret. */
    inputs: { host: pulumi.Inputs; credentials?: pulumi.Output<string> };
    resources: pulumi.Resource[];
    /** Where peers find it, if the machine itself would not know. */
    address?: pulumi.Output<string>;
    /** What writes records, by role: the checkpoint comes after it. */
    recorded: Record<string, Recorded>;
}

/** What every resource of a relay is told: which log, which names. */
export interface Named {
    relay: string;
    audit: pulumi.Inputs;
    appName: string;
    interface: string;
    /** UDP, one for each key epoch. */
    listenPorts: number[];
    /** Machines of managed peers, to be asked before anything is written. */
    leaves?: pulumi.Inputs[];
}
