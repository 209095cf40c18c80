import { relayPolicy } from "./relayPolicies.js";

export { relayPolicies, relayPolicy } from "./relayPolicies.js";
export type { RelayPolicyConfig, RelayPolicyName, RelayPolicySettings } from "./relayPolicies.js";
export type { EnforcementLevel, RelayPolicy } from "./policy.js";

// Each policy with its defaults, for packs that choose a few.
export const hostKeyPolicy = relayPolicy("relay-host-key");
export const peerExpiryPolicy = relayPolicy("relay-peer-expiry");
export const allGrantsPolicy = relayPolicy("relay-all-grants");
export const keyExchangePolicy = relayPolicy("relay-key-exchange");
export const keyAgePolicy = relayPolicy("relay-key-age");
export const presharedKeysPolicy = relayPolicy("relay-preshared-keys");
export const logMirrorPolicy = relayPolicy("relay-log-mirror");
export const approverPolicy = relayPolicy("relay-approver");
export const confirmTimeoutPolicy = relayPolicy("relay-confirm-timeout");
export const auditLogPolicy = relayPolicy("relay-audit-log");
