/**
 * What a program may say, and what each mistake is called: schemas of the components' arguments, the small languages
 * inside them (ports, dates, endpoints), and the checks that need a whole relay.
 */
export { checkRelay } from "./relay.js";
export type { PlainRelay } from "./relay.js";
export { auditSinkArgs, grantArgs, peerArgs, peerEntry, peerSpec, relayArgs, serviceArgs } from "./schemas.js";
export type {
    AuditSinkPlain,
    ExpectPlain,
    GrantPlain,
    PeerPlain,
    PeerSpecPlain,
    RelayPlain,
    ServicePlain,
    SuppliedSpec,
} from "./schemas.js";
export { canonicalEndpoint, parseEndpoint, parseExpires, parsePorts } from "./text.js";
export type { Endpoint } from "./text.js";
export { checkSshHost, digitalOceanArgs, localArgs, setupArgs, sshArgs } from "./host.js";
export type { DigitalOceanPlain, SetupPlain } from "./host.js";
export { PLAIN_ONLY, refuseSupplied } from "./plainOnly.js";
export { Later } from "./later.js";
export { isSupplied, refuseUndefined, validate } from "./validate.js";
