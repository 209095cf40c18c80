import type * as pulumi from "@pulumi/pulumi";

import { rightsOf, type Right } from "../core/access/rights.js";
import type { ResolvedRelay } from "./relayArguments.js";
import { accessOf, type LedgerOutput } from "./relayInputs.js";

/** Everything that a relay's services and grants allow. */
export function relayRights(resolved: ResolvedRelay, ledger: LedgerOutput): pulumi.Output<Right[]> {
    return accessOf(resolved, ledger).apply(rightsOf);
}
