import type { Terms } from "../core/access/terms.js";
import type { Ports } from "../core/registry/model.js";
import type { OrOutput } from "./supplied.js";

/** One direction that is allowed. */
export interface ListedGrant {
    from: (string | { peer: string; network: OrOutput<string> })[];
    to: { peer?: string; network?: OrOutput<string> };
    ports: OrOutput<Ports[]>;
    /** Its place in the program: one that is to a group is several here. */
    position: number;
    terms?: Terms;
    /** Peers in `from` that groups alone name, with these. */
    fromGroups?: Record<string, readonly string[]>;
    /** The group that names the peer in `to`. */
    toGroup?: string;
}
