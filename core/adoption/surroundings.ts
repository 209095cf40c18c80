import type { ReadFile } from "./hooks.js";
import type { LiveRelay } from "./live.js";

/** What is known beside the file. */
export interface Surroundings {
    /** What to call the file in an error. */
    subject: string;
    /** Where it is, for `privateKey`. */
    path: string;
    interface: string;
    endpoint?: string | undefined;
    /** MTU of the interface as it is on this machine, in bytes. Absent: it cannot be looked at from here. */
    mtu?: number | undefined;
    /** The interface itself. Absent: it cannot be looked at from here. */
    live?: LiveRelay | undefined;
    /** The text of a file that a hook names; undefined when it cannot be read here. Default: none can. */
    read?: ReadFile | undefined;
}
