/**
 * Addresses and networks of both families, as text in canonical form (RFC 5952 for IPv6).
 * Text is checked where it enters; everything after that may rely on it.
 */
export {
    addressToBigInt,
    bigIntToAddress,
    contains,
    familyOf,
    isPrivate,
    joinHostPort,
    overlaps,
    parseAddress,
    parseCidr,
    range,
} from "./cidr.js";
export type { Family, Range } from "./cidr.js";
export { parseRoute, unroutable } from "./route.js";
export type { TunnelSubnets } from "./route.js";
export { parseSubnet } from "./subnet.js";
export type { Subnet } from "./subnet.js";
export { takenBy } from "./taken.js";
export type { MachineNetworks } from "./taken.js";
