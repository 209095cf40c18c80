import type { NamedTypes, TypedProperties } from "../types.js";

/** On what conditions something is allowed. */
const TERMS: TypedProperties = {
    until: {
        of: "string",
        description:
            "When the relay itself ends it, RFC 3339, running connections too, without an update. Default: it does not end.",
        optional: true,
    },
    window: {
        of: { named: "AccessWindow" },
        description: "Hours of the week in which it is allowed; outside of them it ends as with `until`. Default: all.",
        optional: true,
    },
    reason: {
        of: "string",
        description: "Why it is allowed, one line: in records, in `qp-tunnel access` and in reviews. Default: none.",
        optional: true,
    },
    ticket: {
        of: "string",
        description: "Where it was asked for and approved: in the same places. Default: none.",
        optional: true,
    },
};

/** What the access rules of a Relay are made of. */
export const accessTypes: NamedTypes = {
    AllowedPeer: {
        description: "A peer or a group that is allowed to open a service on terms.",
        properties: {
            peer: { of: "string", description: "The name of the peer or group." },
            ...TERMS,
        },
    },
    AccessWindow: {
        description: "Hours of the week.",
        properties: {
            days: { of: { list: "string" }, description: "`mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`." },
            from: { of: "string", description: '"08:00", by the clocks of the time zone.' },
            to: { of: "string", description: '"18:00", or "24:00"; if it is not after `from`: on the next day.' },
            zone: { of: "string", description: 'A name of the IANA database: "Europe/Zurich", "UTC".' },
        },
    },
    GrantSpec: {
        description: "One direction that is allowed. Replies are implied, nothing else is.",
        properties: {
            from: {
                of: { list: { oneOf: ["string", { named: "PeerNetwork" }] } },
                description: "Peers (their own addresses), groups of them, or networks behind peers.",
            },
            to: {
                of: { oneOf: ["string", { named: "GrantTarget" }] },
                description: "A peer (its own addresses), a group, one of a peer's routes, or one of the relay's.",
            },
            ports: {
                of: { list: "string" },
                description: '"tcp/22", "tcp/8000-8100", "udp/53", "icmp", "all".',
            },
            ...TERMS,
        },
    },
    AccessExpectation: {
        description: "What must hold of a relay's access rules, whatever its grants and services become.",
        properties: {
            from: {
                of: { list: { oneOf: ["string", { named: "PeerNetwork" }] } },
                description: "Peers (their own addresses), groups of them, or networks behind peers.",
            },
            allow: {
                of: { list: "string" },
                description:
                    "What they must be allowed to reach: a service by its name, `nas:tcp/22`, `192.168.7.0/24:icmp`; without ports: anything there. Default: nothing.",
                optional: true,
            },
            deny: {
                of: { list: "string" },
                description:
                    "What they must not reach, written likewise; also `internet`, every public address. Default: nothing.",
                optional: true,
            },
        },
    },
    PeerNetwork: {
        description: "A network behind a peer: one of its routes.",
        properties: {
            peer: { of: "string", description: "The peer's name." },
            network: { of: "string", description: "One of its routes, CIDR." },
        },
    },
    GrantTarget: {
        description: "A network behind a peer or behind the relay.",
        properties: {
            peer: {
                of: "string",
                description: "The peer's name. Default: a network of the relay is meant.",
                optional: true,
            },
            network: { of: "string", description: "One of the routes of the peer, or of the relay, CIDR." },
        },
    },
};
