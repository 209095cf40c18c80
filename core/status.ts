/** What a relay is doing now: the state of its stack and one answer of the relay, put side by side. */
export { problemsOf } from "./status/problems.js";
export type { Problem, ProblemKind, Thresholds } from "./status/problems.js";
export { CONNECTED_SECONDS, statusOf, unasked } from "./status/relay.js";
export type { KnownPeer, KnownRelay, KnownService } from "./status/known.js";
export { knownRelay } from "./status/known.js";
export type {
    CertificateStatus,
    InterfaceStatus,
    PeerState,
    PeerStatus,
    RelayAnswer,
    RelayStatus,
    ServedCertificate,
    ServiceStatus,
} from "./status/model.js";
