import type * as pulumi from "@pulumi/pulumi";

import type { Host } from "../providers/hosts/index.js";
import type { AccessTerms } from "./accessTerms.js";
import type { AuditSink } from "./auditSink.js";
import type { ExposedService } from "./exposedService.js";
import type { Peer, PeerSpec } from "./peer.js";
import type { PeerRef } from "./references.js";

/** A peer, or one of its routes. */
export type GrantOrigin = PeerRef | { peer: PeerRef; network: pulumi.Input<string> };

/** The same in an expectation, which is judged before anything else exists. */
export type GrantFrom = PeerRef | { peer: PeerRef; network: string };

/** A peer of one relay; `{ peer, address }` pins its address there. A peer as data may come from another resource. */
export type RelayPeer = Peer | pulumi.Input<PeerSpec> | { peer: Peer | PeerSpec; address: string };

/** One direction that is allowed. Replies are implied, nothing else is. */
export interface Grant extends AccessTerms {
    /** Peers (their own addresses), groups of them, or networks behind peers. */
    from: GrantOrigin | GrantOrigin[];
    /** A peer (its own addresses), a group, one of a peer's routes, or one of the relay's. */
    to: PeerRef | { peer: PeerRef; network: pulumi.Input<string> } | { network: pulumi.Input<string> };
    /** "tcp/22", "tcp/8000-8100", "udp/53", "icmp", "all". */
    ports: pulumi.Input<pulumi.Input<string>[]>;
}

/** What must hold of a relay's access rules, whatever its grants and services become. */
export interface Expectation {
    /** Peers (their own addresses), groups of them, or networks behind peers. */
    from: GrantFrom | GrantFrom[];
    /**
     * What they must be allowed to reach: a service by its name, `nas:tcp/22`, `192.168.7.0/24:icmp`; without ports: anything there.
     * Default: nothing.
     */
    allow?: string[];
    /** What they must not reach, written likewise; also `internet`, every public address. Default: nothing. */
    deny?: string[];
}

/** A relay is told everything it serves: who is not listed is removed. */
export interface RelayArgs {
    /** Where it runs: `hosts.local(...)`. */
    host: Host;
    audit: AuditSink;
    /** The peers; `{ peer, address }` pins an address on this relay. As data, the whole list may come from another resource. */
    peers: RelayPeer[] | pulumi.Output<PeerSpec[]> | Promise<PeerSpec[]>;
    /** Default: none. */
    services?: ExposedService[];
    /**
     * Names for sets of peers, used like a peer's name in `grants`, in `allow` of services and in `expect`:
     * `{ admins: ["alice", "bob"] }`. Default: none.
     */
    groups?: Record<string, PeerRef[]>;
    /** Default: none; peers reach nothing but the services that allow them. */
    grants?: Grant[];
    /** Checked before anything else of a preview or an update: one that does not hold fails it. Default: none. */
    expect?: Expectation[];
    /** From how many hours before access ends (`until`) previews warn of it; 0: never. Default: 24. */
    warnHours?: number;
    /** host or host:port that peers connect to. Default: the host's own address. */
    endpoint?: pulumi.Input<string>;
    /** UDP port. Default: 51820. */
    listenPort?: number;
    /** Default: 10.8.0.0/24. The relay takes the first address. */
    subnet?: string;
    /** A ULA, CIDR. Default: none, and no IPv6 in the tunnel. */
    subnet6?: string;
    /** Default: wg0. */
    interface?: string;
    /**
     * Epochs of the relay's own key. Default: [1]. Rotate it by stages: [1, 2] adds a key on an interface and a port of
     * its own, peers switch when it suits them, [2] retires the old one once no peer uses it.
     */
    keyEpochs?: number[];
    /** Retire this epoch although peers still use it: they are cut off. Default: none, and such an update is refused. */
    forceRetire?: number;
    /**
     * Seconds in which a peer's replaced key still works beside the new one, until that is used first. 0 cuts it off at
     * once. Default: 604800, a week.
     */
    keyOverlap?: number;
    /**
     * `state` (default): the private key is a secret in the state, so that a lost machine is rebuilt as the same relay.
     * `host`: made on the relay, and never leaves it.
     */
    identity?: "state" | "host";
    /** Adopt an existing relay's private key: a secret, or `file:PATH`. */
    privateKey?: pulumi.Input<string>;
    /**
     * A secret, base64 of 32 random bytes: the relay's preshared keys and its id are made of it, so a relay with the same program and keys is
     * the same on another machine. Each relay needs one of its own, and keeps it. Default: generated, and a secret in the state.
     */
    seed?: pulumi.Input<string>;
    /**
     * The interface that `privateKey` takes over is not as this program says, and the program is right. The hash that the
     * refusal names, which lists what changes; means nothing once the relay is adopted.
     */
    adoptChanges?: string;
    /**
     * The state was lost, or some keys in it, and its relay is still there: new keys are made, and every configuration that depends on a
     * lost one is handed out again. The hash that the refusal names; means nothing afterwards.
     */
    replaceLostKeys?: string;
    /** Networks behind the relay, the only ones NATed. Default: none. */
    routes?: pulumi.Input<pulumi.Input<string>[]>;
    /** Bytes. Default: 1420. */
    mtu?: pulumi.Input<number>;
    /** Seconds between a peer's keepalives; 0 for none. Default: 25. */
    keepalive?: pulumi.Input<number>;
    /** Resolvers for the peers' configurations. Default: none. */
    dns?: pulumi.Input<string> | pulumi.Input<pulumi.Input<string>[]>;
    /**
     * Who renews the services' certificates. `up` (default): an apply, at the latest every eight months; no authority is on the
     * relay. `relay`: the relay itself, so that they need be valid for 90 days only; an authority that is limited to this
     * relay's names and addresses is left on it.
     */
    certificateRenewal?: "up" | "relay";
    /** Prefixes every path, table, unit and tag. Default: qp-tunnel. */
    appName?: string;
    /** Seconds within which a change on a remote host must be confirmed. Default: 60. */
    confirmTimeout?: number;
}
