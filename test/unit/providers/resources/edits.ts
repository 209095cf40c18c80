import fc from "fast-check";

import { keyOf, type ListedPeer, type Program } from "./programs.js";

/** One thing that somebody changes in a program. */
export interface Edit {
    label: string;
    /** What it decides alone: no other edit of a set decides or builds on the same. */
    takes: string[];
    /** What it builds on. */
    uses: string[];
    apply(program: Program): Program;
}

/** When every base program is previewed, when its peers with an expiry end, and a moment after that. */
const NOW = "2027-01-01T00:00:00Z";
const EXPIRES = "2027-06-01T00:00:00Z";
const LATER = "2028-01-01T00:00:00Z";

const TEAM = ["alice", "bob", "carol", "dora", "erin", "nas"];
const NEWCOMERS = ["xena", "yuri", "zoe"];
const ROUTES = ["192.168.7.0/24", "192.168.8.0/24", "172.20.0.0/16"];
const SSH = { protocol: "tcp", first: 22, last: 22 } as const;
const ANY = { protocol: "all" } as const;
const PORTS = [SSH, ANY, { protocol: "udp", first: 53, last: 53 } as const, { protocol: "icmp" } as const];

const grant = fc.record({
    from: fc.constantFrom(...TEAM),
    to: fc.constantFrom(...TEAM),
    ports: fc.constantFrom(...PORTS),
});
const grantText = ({ from, to, ports }: Program["grants"][number]): string => `${from} ${to} ${JSON.stringify(ports)}`;
const onlyOnce = (grants: Program["grants"]): Program["grants"] => [
    ...new Map(grants.filter(({ from, to }) => from !== to).map((each) => [grantText(each), each])).values(),
];

/** Six peers, one to three services, some grants. */
export const program: fc.Arbitrary<Program> = fc
    .record({
        expiring: fc.subarray(TEAM.slice(0, 5), { maxLength: 2 }),
        routing: fc.uniqueArray(fc.constantFrom(...TEAM), { maxLength: ROUTES.length }),
        grants: fc.array(grant, { maxLength: 6 }),
        allow: fc.subarray(TEAM),
        subnet6: fc.constantFrom(undefined, "fd12::/64"),
        keyOverlap: fc.constantFrom(0, 3600),
        routes: fc.constantFrom<string[]>([], ["10.60.0.0/16"]),
    })
    .map(({ expiring, routing, grants, allow, subnet6, keyOverlap, routes }) => ({
        namespace: "here",
        interface: "wg0",
        appName: "corp",
        subnet: "10.8.0.0/24",
        ...(subnet6 === undefined ? {} : { subnet6 }),
        listenPort: 51820,
        mtu: 1420,
        keyOverlap,
        routes,
        peers: Object.fromEntries(
            TEAM.map((name): [string, ListedPeer] => [
                name,
                {
                    publicKey: keyOf(name),
                    ...(expiring.includes(name) ? { expires: EXPIRES } : {}),
                    ...(routing.includes(name) ? { routes: [ROUTES[routing.indexOf(name)] ?? ""] } : {}),
                },
            ]),
        ),
        services: {
            wiki: {
                upstream: { peer: "nas", port: 3000 },
                allow: allow.filter((name) => name !== "nas"),
                keyExchange: "require",
            },
            git: { upstream: "127.0.0.1:4000", allow: ["alice"], keyExchange: "require" },
        },
        grants: onlyOnce(grants),
        now: NOW,
    }));

const own = (name: string, ...aspects: string[]): string[] => aspects.map((aspect) => `${name}/${aspect}`);

function onPeer(
    name: string,
    label: string,
    aspect: string,
    change: (peer: ListedPeer, to: Program) => ListedPeer,
): Edit {
    return {
        label: `${label} of ${name}`,
        takes: [...own(name, aspect), ...(aspect === "address" ? ["network"] : [])],
        uses: own(name, "life"),
        apply: (to) => {
            const peer = to.peers[name];
            return peer === undefined ? to : { ...to, peers: { ...to.peers, [name]: change(peer, to) } };
        },
    };
}

function ofRelay(label: string, value: Partial<Program>): Edit {
    return { label, takes: [label], uses: [], apply: (to) => ({ ...to, ...value }) };
}

function add(name: string, more: Partial<ListedPeer>, all: boolean): Edit {
    return {
        label: `add ${name}${all ? " with everything to bob" : ""}`,
        takes: own(name, "life"),
        // Who takes away a grant by its number may mean this one.
        uses: all ? ["grants", ...own("bob", "life", "address")] : [],
        apply: (to) => ({
            ...to,
            peers: { ...to.peers, [name]: { publicKey: keyOf(name), ...more } },
            grants:
                all && to.peers["bob"] !== undefined
                    ? onlyOnce([...to.grants, { from: name, to: "bob", ports: ANY }])
                    : to.grants,
        }),
    };
}

function without(to: Program, name: string): Program {
    const { [name]: _gone, ...peers } = to.peers;
    return {
        ...to,
        peers,
        grants: to.grants.filter((each) => each.from !== name && each.to !== name),
        services: Object.fromEntries(
            Object.entries(to.services)
                .filter(([, { upstream }]) => typeof upstream === "string" || upstream.peer !== name)
                .map(([service, { allow, ...rest }]) => [
                    service,
                    { ...rest, allow: allow.filter((who) => who !== name) },
                ]),
        ),
    };
}

/** Who is called what, and where each is reached, is in every sentence about rights: nobody else changes it meanwhile. */
const PLACES = ["network", ...TEAM.flatMap((name) => own(name, "address"))];

const ASPECTS = ["life", "key", "psk", "address", "routes", "expires", "rights"];

function remove(name: string): Edit {
    return {
        label: `remove ${name}`,
        takes: [...own(name, ...ASPECTS), ...(name === "nas" ? ["service wiki"] : [])],
        uses: PLACES.filter((place) => place !== `${name}/address`),
        apply: (to) => without(to, name),
    };
}

function rename(name: string): Edit {
    const next = `${name}2`;
    const as = (who: string): string => (who === name ? next : who);
    return {
        label: `rename ${name}`,
        takes: [...own(name, ...ASPECTS), ...own(next, "life")],
        uses: PLACES.filter((place) => place !== `${name}/address`),
        apply: (to) => {
            const { [name]: peer, ...peers } = to.peers;
            return peer === undefined
                ? to
                : {
                      ...to,
                      peers: { ...peers, [next]: peer },
                      grants: to.grants.map((each) => ({ ...each, from: as(each.from), to: as(each.to) })),
                      services: Object.fromEntries(
                          Object.entries(to.services).map(([service, { upstream, allow, ...rest }]) => [
                              service,
                              {
                                  ...rest,
                                  allow: allow.map(as),
                                  upstream:
                                      typeof upstream === "string"
                                          ? upstream
                                          : { ...upstream, peer: as(upstream.peer) },
                              },
                          ]),
                      ),
                  };
        },
    };
}

function granting(each: Program["grants"][number]): Edit {
    return {
        label: `grant ${grantText(each)}`,
        takes: [`grant ${grantText(each)}`],
        uses: ["grants", ...own(each.from, "life", "rights", "address"), ...own(each.to, "life", "rights", "address")],
        apply: (to) =>
            to.peers[each.from] === undefined || to.peers[each.to] === undefined
                ? to
                : { ...to, grants: onlyOnce([...to.grants, each]) },
    };
}

function ungranting(index: number): Edit {
    return {
        label: `take away grant ${index}`,
        // The next of them would have another number.
        takes: ["grants"],
        uses: ["network", ...TEAM.flatMap((name) => own(name, "life", "rights", "address"))],
        apply: (to) => ({ ...to, grants: to.grants.filter((_, at) => at !== index) }),
    };
}

function onService(
    name: string,
    label: string,
    change: (service: Program["services"][string]) => Program["services"][string],
): Edit {
    return {
        label: `${label} of ${name}`,
        takes: [`service ${name}`],
        uses: ["network", ...TEAM.flatMap((who) => own(who, "life", "rights", "address"))],
        apply: (to) => {
            const service = to.services[name];
            return service === undefined ? to : { ...to, services: { ...to.services, [name]: change(service) } };
        },
    };
}

const member = fc.constantFrom(...TEAM);
const PSK = keyOf("a preshared key");

export const edit: fc.Arbitrary<Edit> = fc.oneof(
    fc
        .tuple(
            fc.constantFrom(...NEWCOMERS),
            fc.constantFrom<Partial<ListedPeer>>({}, { routes: ["172.30.0.0/16"] }, { expires: EXPIRES }),
            fc.boolean(),
        )
        .map(([name, more, all]) => add(name, more, all)),
    member.map(remove),
    member.map(rename),
    member.map((name) =>
        onPeer(name, "new key", "key", (peer) => ({ ...peer, publicKey: keyOf(`${name}, the next`) })),
    ),
    member.map((name) => onPeer(name, "preshared key", "psk", (peer) => ({ ...peer, presharedKey: PSK }))),
    member.map((name) => onPeer(name, "key epoch", "psk", (peer) => ({ ...peer, keyEpoch: 2 }))),
    member.map((name) =>
        onPeer(name, "address", "address", (peer, to) => ({
            ...peer,
            address: to.subnet.replace("0/24", `${100 + TEAM.indexOf(name)}`),
        })),
    ),
    member.map((name) =>
        onPeer(name, "routes", "routes", (peer) => ({
            ...peer,
            routes: peer.routes === undefined ? [`10.${70 + TEAM.indexOf(name)}.0.0/16`] : [],
        })),
    ),
    member.map((name) =>
        onPeer(name, "other routes", "routes", (peer) => ({
            ...peer,
            routes: [`10.${80 + TEAM.indexOf(name)}.0.0/16`],
        })),
    ),
    member.map((name) => onPeer(name, "expiry", "expires", (peer) => ({ ...peer, expires: "2029-01-01T00:00:00Z" }))),
    grant.filter(({ from, to }) => from !== to).map(granting),
    fc.nat(5).map(ungranting),
    fc.constantFrom("wiki", "git").map((name) =>
        onService(name, "allowed", (service) => ({
            ...service,
            allow: service.allow.includes("bob") ? [] : [...service.allow, "bob"],
        })),
    ),
    fc
        .constantFrom("wiki", "git")
        .map((name) => onService(name, "port", (service) => ({ ...service, port: 9443 + name.length }))),
    fc
        .constantFrom("wiki", "git")
        .map((name) => onService(name, "upstream", (service) => ({ ...service, upstream: "127.0.0.1:5000" }))),
    fc
        .constantFrom("wiki", "git")
        .map((name) => onService(name, "key exchange", (service) => ({ ...service, keyExchange: "prefer" }))),
    fc.constant<Edit>({
        label: "open news",
        takes: ["service news"],
        uses: [...own("carol", "life", "rights", "address")],
        apply: (to) => ({
            ...to,
            services: {
                ...to.services,
                news: {
                    port: 9500,
                    upstream: "127.0.0.1:6000",
                    allow: to.peers["carol"] === undefined ? [] : ["carol"],
                    keyExchange: "require",
                },
            },
        }),
    }),
    fc.constant<Edit>({
        label: "close git",
        takes: ["service git"],
        uses: ["network", ...TEAM.flatMap((who) => own(who, "life", "rights", "address"))],
        apply: (to) => {
            const { git: _closed, ...services } = to.services;
            return { ...to, services };
        },
    }),
    fc.constantFrom(
        ofRelay("mtu", { mtu: 1380 }),
        ofRelay("listenPort", { listenPort: 51900 }),
        ofRelay("interface", { interface: "wg7" }),
        ofRelay("appName", { appName: "firm" }),
        ofRelay("namespace", { namespace: "there" }),
        ofRelay("routes", { routes: ["10.61.0.0/16"] }),
        {
            ...ofRelay("subnet6", { subnet6: "fd99::/64" }),
            takes: ["network"],
            uses: TEAM.flatMap((name) => own(name, "life")),
        },
        {
            label: "subnet",
            takes: ["network", ...TEAM.flatMap((name) => own(name, "address"))],
            uses: TEAM.flatMap((name) => own(name, "life")),
            apply: (to: Program) => ({
                ...to,
                subnet: "10.9.0.0/24",
                peers: Object.fromEntries(
                    Object.entries(to.peers).map(([name, { address, ...peer }]) => [
                        name,
                        address === undefined ? peer : { ...peer, address: address.replace("10.8.", "10.9.") },
                    ]),
                ),
            }),
        },
        {
            ...ofRelay("time", { now: LATER }),
            // Who is added with an expiry may have expired by then.
            takes: [
                ...["time", "service wiki", "service git"],
                ...[...TEAM, ...NEWCOMERS].flatMap((name) => own(name, ...ASPECTS)),
            ],
        },
    ),
    fc.constant<Edit>({
        label: "add nine",
        takes: ["nine"],
        uses: [],
        apply: (to) => ({
            ...to,
            peers: {
                ...to.peers,
                ...Object.fromEntries(
                    Array.from({ length: 9 }, (_, index) => [`m${index}`, { publicKey: keyOf(`m${index}`) }]),
                ),
            },
        }),
    }),
);

/** Several edits that do not meddle with each other. */
export const independent: fc.Arbitrary<Edit[]> = fc.array(edit, { minLength: 2, maxLength: 7 }).map((edits) => {
    const chosen: Edit[] = [];
    for (const each of edits) {
        const clash = chosen.some(
            (other) =>
                each.takes.some((what) => other.takes.includes(what) || other.uses.includes(what)) ||
                other.takes.some((what) => each.uses.includes(what)),
        );
        if (!clash) chosen.push(each);
    }
    return chosen;
});

/** Any edits, also of the same peer: later ones build on earlier ones. */
export const anyEdits: fc.Arbitrary<Edit[]> = fc.array(edit, { minLength: 1, maxLength: 8 });

export function applied(base: Program, edits: Edit[]): Program {
    return edits.reduce((program, { apply }) => apply(program), base);
}
