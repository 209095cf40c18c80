/** What passes a relay, computed from its rules, sets and allowed IPs, and compared with what its program allows. */
export { compare, type Declared, type Difference, type DifferenceKind, type Live, unownedRights } from "./compare.js";
export { type Finding, findingsOf, unownedFindings } from "./describe.js";
export { parseRuleset, type Ruleset } from "./ruleset.js";
export { namedInterfaces } from "./interfaces.js";
export type { Wire, WirePeer } from "./wire.js";
