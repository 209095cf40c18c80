/**
 * What a program may say, and what each mistake is called: schemas of the components' arguments, the small languages
 * inside them (ports, dates, endpoints), and the checks that need a whole relay.
 */
export { checkRelay } from "./arguments/relay.js";
export type { PlainRelay } from "./arguments/relay.js";
export { auditSinkArgs, grantArgs, peerArgs, peerSpec, relayArgs, serviceArgs } from "./arguments/schemas.js";
export type {
    AuditSinkPlain,
    GrantPlain,
    PeerPlain,
    PeerSpecPlain,
    RelayPlain,
    ServicePlain,
} from "./arguments/schemas.js";
export { canonicalEndpoint, parseEndpoint, parseExpires, parsePorts } from "./arguments/text.js";
export type { Endpoint } from "./arguments/text.js";
export { checkSshHost, digitalOceanArgs, localArgs, setupArgs, sshArgs } from "./arguments/host.js";
export type { DigitalOceanPlain, SetupPlain } from "./arguments/host.js";
export { refuseUndefined, validate } from "./arguments/validate.js";
