import { TunnelError } from "../core/errors.js";

export { type ApproversArgs, AuditSink, type AuditSinkArgs } from "./auditSink.js";
export { type AllowedPeer, ExposedService, type ExposedServiceArgs } from "./exposedService.js";
export {
    makeOffer,
    readOffer,
    type OfferArgs,
    type OfferedWant,
    type OfferLimits,
    type ReceivedOffer,
} from "./offers.js";
export { Peer, type PeerArgs, type PeerSpec } from "./peer.js";
export { type PeerRef } from "./references.js";
export { Provider, type ProviderArgs } from "./provider.js";
export { Relay } from "./relay.js";
export {
    getStatus,
    type PeerState,
    type PeerStatus,
    type RelayStatus,
    type ServiceStatus,
    type StatusOptions,
} from "./status.js";
export type { AccessTerms, AccessWindow } from "./accessTerms.js";
export type { Expectation, Grant, GrantOrigin, RelayArgs, RelayPeer } from "./relayTypes.js";
export type { Offer } from "../core/offers/index.js";
export type { RegisteredPeer, ServedService } from "../core/registry/model.js";
export {
    hosts,
    type DigitalOceanOptions,
    type Host,
    type ScriptOptions,
    type Setup,
    type SshOptions,
} from "../providers/hosts/index.js";
export { TunnelError, InvalidArgument, AuditError, HostError, NotApproved } from "../core/errors.js";

// Pulumi prints an error that bears this mark by its message; any other one by its stack, in which a person has to look for it.
Object.defineProperty(TunnelError.prototype, "__pulumiRunError", { value: true });
