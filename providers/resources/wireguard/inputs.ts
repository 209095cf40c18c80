import type { RegistryPeer } from "../../../core/registry/model.js";

/** What WireGuard's inputs are once they are resolved. */
export interface WireGuardInputs {
    address: string;
    address6?: string;
    prefix: number;
    prefix6?: number;
    /** UDP port of odd epochs; even ones have the next. */
    listenPort: number;
    mtu: number;
    /** Key epochs of the relay. */
    epochs: number[];
    /** By epoch; none where the keys are made on the relay. */
    privateKeys?: Record<string, string>;
    identity?: "state" | "host";
    /** An epoch to retire although peers still use it. */
    forceRetire?: number;
    /** Seconds in which a replaced key still works beside the new one. */
    keyOverlap?: number;
    subnet?: string;
    subnet6?: string;
    seed: string;
    peers: Record<string, RegistryPeer>;
    /** Keys that are not in the registry: generated ones. */
    publicKeys: Record<string, string>;
    /** Only what a program gave: a key, or "none". All others are derived. */
    presharedKeys: Record<string, string>;
    /** Networks behind the relay, forwarded to by it. */
    routes: string[];
    /** Of a managed peer. */
    leaf?: LeafInputs;
}

/** Who a managed peer is on its relay, and how it gets there: its interface has one peer, and that is the relay. */
export interface LeafInputs {
    /** Of the peer. */
    name: string;
    keyEpoch: number;
    admitted: number;
    /** host:port of the relay's newest key epoch. */
    endpoint: string;
    /** Seconds; 0 for none. */
    keepalive: number;
}
