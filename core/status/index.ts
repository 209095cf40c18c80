/** What a relay is doing now: the state of its stack and one answer of the relay, put side by side. */
export { problemsOf } from "./problems.js";
export type { Problem, ProblemKind, Thresholds } from "./problems.js";
export { CONNECTED_SECONDS, statusOf, unreachableStatus } from "./relay.js";
export type { KnownPeer, KnownRelay, KnownService } from "./known.js";
export { knownRelay } from "./known.js";
export type {
    CertificateStatus,
    InterfaceStatus,
    PeerState,
    PeerStatus,
    RelayAnswer,
    RelayStatus,
    ServedCertificate,
    ServiceStatus,
} from "./model.js";
