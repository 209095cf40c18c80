import type { AuditRef } from "../../audit/log.js";
import type { HostDescriptor } from "../../hosts/descriptors.js";
import type { Properties, Unknown } from "../resource.js";

/** What every resource of a relay is told: which relay, where, and which log. May change without a diff. */
export interface Placed {
    relay: string;
    /** Its own id. Absent in states of 0.1.0; not known in a preview that makes it. */
    relayId?: string | Unknown;
    /** A managed peer's machine. Absent: the relay's own. */
    role?: "leaf";
    host: HostDescriptor;
    appName: string;
    interface: string;
    audit: AuditRef;
    /** A private SSH key, when the program gives one. A secret. */
    credentials?: string;
    /** The host key that Host saw, where none is pinned by the program. */
    hostKey?: string;
    /** Identity of the machine, from Host: another one has to be filled again. */
    machine?: string;
}

export function placed(inputs: Properties): Placed {
    return inputs as unknown as Placed;
}
