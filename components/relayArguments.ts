import * as pulumi from "@pulumi/pulumi";

import { parseSubnet, type Subnet } from "../core/addresses/index.js";
import {
    checkRelay,
    Later,
    type PlainRelay,
    refuseSupplied,
    refuseUndefined,
    relayArgs,
    validate,
    type GrantPlain,
    type RelayPlain,
    type ServicePlain,
} from "../core/arguments/index.js";
import { isPlain, type Terms } from "../core/access/terms.js";
import { checkEpochs } from "../core/keys/epochs.js";
import { InvalidArgument } from "../core/errors.js";
import { checkName } from "../core/names.js";
import type { Host } from "../providers/hosts/index.js";
import { AuditSink, auditReference, type AuditReference } from "./auditSink.js";
import { ExposedService, plainService } from "./exposedService.js";
import { fromByName, grantByName, groupsByName } from "./grantNames.js";
import { expandedGrants, expandedService } from "./groups.js";
import type { ListedGrant } from "./listedGrant.js";
import {
    type AskedPeer,
    askedPeers,
    awaitedOf,
    listed,
    type ListedPeer,
    ofSupplied,
    type SuppliedPeer,
    type SuppliedPeers,
} from "./listedPeers.js";
import { formerly, OwnLog, OwnService } from "./ownParts.js";
import type { RelayArgs } from "./relayTypes.js";
import { refuseEnding, refuseExpiring, refuseWithoutConnection } from "./scriptArguments.js";
import { type Awaited, judged, type Judged, type OrOutput, type Read, readPlain } from "./supplied.js";

export interface ListedService {
    name: string;
    plain: ServicePlain;
    /** The peers that are allowed to open it. */
    allow: "everyone" | string[];
    /** On what conditions, by peer. */
    terms: Record<string, Terms>;
    formerNames: Promise<string>[];
}

/** The same as the program lists it, groups among the peers. */
type AskedService = Omit<ListedService, "allow" | "terms">;

/** A relay's arguments, checked and with defaults. */
export interface ResolvedRelay {
    plain: RelayPlain;
    host: Host;
    audit: AuditReference;
    subnet: Subnet;
    subnet6?: Subnet;
    address: string;
    address6?: string;
    /** Whether the program says the MTU. */
    isMtuGiven: boolean;
    /** Networks behind the relay. */
    routes: OrOutput<string[]>;
    mtu: OrOutput<number>;
    /** Whose existence the program itself says. */
    peers: ListedPeer[];
    /** Peers as data that other resources list. Absent: none. */
    supplied?: pulumi.Output<SuppliedPeer[]>;
    services: ListedService[];
    grants: ListedGrant[];
}

/** @throws InvalidArgument naming every fault, before any resource exists */
export function resolveRelay(name: string, args: RelayArgs): ResolvedRelay {
    const subject = `relay ${name}`;
    checkName(name, subject);
    refuseSupplied("relay", args, subject);
    const plain = validate(
        relayArgs,
        {
            ...args,
            ...(Array.isArray(args.grants)
                ? { grants: args.grants.map((grant, index) => grantByName(grant, `${subject}.grants[${index}]`)) }
                : {}),
            ...(args.groups === undefined ? {} : { groups: groupsByName(args.groups, `${subject}.groups`) }),
            ...(Array.isArray(args.expect)
                ? { expect: args.expect.map((each, index) => fromByName(each, `${subject}.expect[${index}]`)) }
                : {}),
        },
        subject,
    );
    refuseUndefined(subject, args, { privateKey: "generated", seed: "generated" });
    const audit = listedLog(args.audit, `${subject}.audit`);
    checkEpochs(plain, subject);
    const { own: peers, supplied } = askedPeers(args.peers, `${subject}.peers`);
    const isScript = args.host.descriptor.kind === "script";
    if (isScript) refuseWithoutConnection(subject, plain, peers);
    else refuseAdoptedTwice(subject, plain);
    const services = (args.services ?? []).map((service, index) =>
        askedService(service, `${subject}.services[${index}]`),
    );
    if (isScript) refuseEnding(subject, plain, services);
    const asked: Asked = { subject, isScript, plain, peers, supplied, services };
    checkTogether(asked, readPlain);
    const of = judged(stagesOf(asked), (read) => checkTogether(asked, read));
    const subnet = parseSubnet(plain.subnet, `${subject}.subnet`, 4);
    const subnet6 = plain.subnet6 === undefined ? undefined : parseSubnet(plain.subnet6, `${subject}.subnet6`, 6);
    return {
        plain,
        host: args.host,
        audit,
        subnet,
        address: subnet.relay,
        ...(subnet6 === undefined ? {} : { subnet6, address6: subnet6.relay }),
        isMtuGiven: args.mtu !== undefined,
        routes: of(plain.routes),
        mtu: of(plain.mtu),
        peers: peers.map((peer) => listed(peer, of)),
        ...(supplied.length === 0 ? {} : { supplied: suppliedPeers(supplied, of) }),
        services: services.map((service) => expandedService(service, plain.groups)),
        grants: expandedGrants(
            plain.grants.map((grant, position) => listedGrant(grant, position, of)),
            plain.groups,
        ),
    };
}

/** What a relay is told, as the program says it: what other resources supply is not judged yet. */
interface Asked extends Pick<ResolvedRelay, "plain"> {
    services: AskedService[];
    subject: string;
    isScript: boolean;
    peers: AskedPeer[];
    supplied: SuppliedPeers[];
}

/**
 * What other resources supply, in the order in which a relay's resources need it: the registry the peers, so that a removal waits for
 * nothing else; then the interface its routes; and the access rules last.
 */
function stagesOf({ subject, plain: { routes, mtu, grants }, peers, supplied }: Asked): Awaited[][] {
    const awaited = (value: unknown, path: string): Awaited[] =>
        value instanceof Later ? [[value, `${subject}.${path}`]] : [];
    return [
        [
            ...supplied.map(({ list, subject: called }): Awaited => [list, called]),
            ...peers.flatMap((peer) => [...awaitedOf(peer)]),
        ],
        [...awaited(routes, "routes"), ...awaited(mtu, "mtu")],
        grants.flatMap(({ from, to, ports }, index) => [
            ...awaited(ports, `grants[${index}].ports`),
            ...awaited(to.network, `grants[${index}].to.network`),
            ...from.flatMap((origin, position) =>
                typeof origin === "string" ? [] : awaited(origin.network, `grants[${index}].from[${position}].network`),
            ),
        ]),
    ];
}

/** What only shows when all of it is seen together. */
function checkTogether({ subject, isScript, plain, peers, supplied, services }: Asked, read: Read): void {
    const lists = supplied.map((each) => {
        const entries = read(each.list);
        return entries && ofSupplied(entries, each);
    });
    const all = [...peers, ...lists.flatMap((list) => list ?? [])];
    if (isScript) refuseExpiring(subject, all);
    checkRelay(
        {
            ...plain,
            routes: read(plain.routes),
            mtu: read(plain.mtu),
            publicKey: undefined,
            peers: all.map((peer) => ({
                name: peer.name,
                publicKey: peer.knownKey,
                routes: read(peer.plain.routes),
                managed: peer.managed !== undefined,
            })),
            services: services.map((service) => ({
                name: service.name,
                allow: service.plain.allow,
                on: service.plain.on,
                ...plainUpstream(service.plain),
            })),
            grants: plain.grants.map((grant) => knownGrant(grant, read)),
            hasMorePeers: lists.includes(undefined),
        },
        subject,
    );
}

function knownGrant({ from, to }: GrantPlain, read: Read): PlainRelay["grants"][number] {
    return {
        from: from.map((origin) =>
            typeof origin === "string" ? origin : { ...origin, network: read(origin.network) },
        ),
        to: { ...to, network: to.network === undefined ? undefined : read(to.network) },
    };
}

function listedGrant(grant: GrantPlain, position: number, of: Judged): ListedGrant {
    const {
        from,
        to: { peer, network },
        ports,
        until,
        window,
        reason,
        ticket,
    } = grant;
    const terms = { until, window, reason, ticket };
    return {
        position,
        ...(isPlain(terms) ? {} : { terms }),
        from: from.map((origin) => (typeof origin === "string" ? origin : { ...origin, network: of(origin.network) })),
        to: {
            ...(peer === undefined ? {} : { peer }),
            ...(network === undefined ? {} : { network: of(network) }),
        },
        ports: of(ports),
    };
}

/** Everything about them is known at once. */
function suppliedPeers(supplied: SuppliedPeers[], of: Judged): pulumi.Output<SuppliedPeer[]> {
    return pulumi
        .all(supplied.map(({ list }) => pulumi.output(of(list))))
        .apply((lists) => supplied.flatMap((each, index) => ofSupplied(lists[index] ?? [], each)));
}

function askedService(service: unknown, subject: string): AskedService {
    if (service instanceof OwnService) {
        const { name, args } = service;
        return { name, plain: plainService(name, args, `${subject} (${name})`), formerNames: formerly(service) };
    }
    if (!(service instanceof ExposedService))
        throw new InvalidArgument(subject, "is not an ExposedService", 'give one: new ExposedService("grafana", ...)');
    return { name: service.serviceName, plain: service.plain, formerNames: service.formerNames };
}

function listedLog(audit: unknown, subject: string): AuditReference {
    if (audit instanceof AuditSink) return audit.reference;
    if (audit instanceof OwnLog) return auditReference(audit.args, subject);
    throw new InvalidArgument(subject, "is not an AuditSink", 'give one: new AuditSink("audit")');
}

function plainUpstream({ upstream }: ServicePlain): { upstream?: string | { peer: string; port: number } } {
    return typeof upstream === "string" || "peer" in upstream ? { upstream: upstream } : {};
}

/** A key that is made on the relay cannot be one that is given. */
function refuseAdoptedTwice(subject: string, plain: RelayPlain): void {
    if (plain.identity === "host" && plain.privateKey !== undefined) {
        throw new InvalidArgument(
            `${subject}.privateKey`,
            'cannot be given where identity is "host"',
            'remove one of them: a given key is a secret in the state (identity: "state")',
        );
    }
}
