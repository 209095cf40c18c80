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
} from "./addresses/cidr.js";
export type { Family, Range } from "./addresses/cidr.js";
export { parseRoute, unroutable } from "./addresses/route.js";
export type { TunnelSubnets } from "./addresses/route.js";
export { parseSubnet } from "./addresses/subnet.js";
export type { Subnet } from "./addresses/subnet.js";
export { takenBy } from "./addresses/taken.js";
export type { MachineNetworks } from "./addresses/taken.js";
