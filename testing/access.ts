import type { Relay } from "../components/index.js";
import type { Right } from "../core/access/rights.js";
import { valueOf } from "./valueOf.js";

/**
 * Who is allowed to reach what through a relay, and by which service or grant: all that its firewall lets through. Sorted, so that a test can
 * compare it as a whole.
 */
export function access(relay: Relay): Promise<Right[]> {
    return valueOf(relay.rights());
}
