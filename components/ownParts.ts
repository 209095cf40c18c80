import type { AuditSinkArgs } from "./auditSink.js";
import type { ExposedServiceArgs } from "./exposedService.js";
import type { PeerArgs } from "./peer.js";

/*
 * Parts of a relay as data: what a program in another language says instead of declaring a Peer, an ExposedService and an
 * AuditSink. They are checked as those are. Only a peer that needs a key becomes a resource, a child of the relay.
 */

export class OwnPeer {
    constructor(
        readonly name: string,
        readonly args: PeerArgs,
        /** Data has no resource options, and so no `aliases`. */
        readonly formerNames: readonly string[] = [],
    ) {}
}

export class OwnService {
    constructor(
        readonly name: string,
        readonly args: ExposedServiceArgs,
        readonly formerNames: readonly string[] = [],
    ) {}
}

export class OwnLog {
    constructor(readonly args: AuditSinkArgs) {}
}

/** As the components have them. */
export function formerly({ formerNames }: OwnPeer | OwnService): Promise<string>[] {
    return formerNames.map((former) => Promise.resolve(former));
}
