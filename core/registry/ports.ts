import type { Fault } from "../fault.js";
import type { Ledger, RegistryService } from "./model.js";
import type { ServiceRequest } from "./request.js";
import { assignSlots } from "./slots.js";
import type { Want } from "./slots.js";

/** Ports that services are given when they name none. */
const PORT_POOL = { first: 8443, last: 8499 } as const;

/** Gives every listed service its port, by the same rules as addresses. */
export function allocatePorts(
    services: Record<string, ServiceRequest>,
    { services: then, retired: { services: left } }: Ledger,
    report: (fault: Fault) => void,
): Ports {
    const renamed = renames(services, then);
    const newName = new Map(renamed.map(({ from, to }) => [from, to]));
    const listed = Object.entries(then).map(([name, entry]) => [newName.get(name) ?? name, entry]);
    const before = { services: Object.fromEntries(listed) as typeof then, retired: left };
    const wanted = new Map<string, Want>();
    for (const [name, { port }] of Object.entries(services)) {
        wanted.set(name, want(name, port, before, report));
    }
    const long = sortedByPort(unlisted(before.retired, services));
    const now = sortedByPort(unlisted(before.services, services));
    const leaving = [...long, ...now];
    const retired = new Map(leaving.filter(([, { port }]) => port !== 0).map(([name, { port }]) => [name, port]));
    const result = assignSlots({ pool: PORT_POOL, blocked: () => false, wanted, retired });

    for (const { name, holder } of result.conflicts) {
        report({
            path: `services.${name}.port`,
            problem: `${services[name]?.port} belongs to "${holder}"`,
            fix: "choose another, or leave it out to have one allocated",
        });
    }
    for (const name of result.unserved) {
        const { first, last } = PORT_POOL;
        report({
            path: `services.${name}`,
            problem: `there is no port left for "${name}": the pool ${first}-${last} has ${last - first + 1}`,
            fix: "give the service a port outside it, or remove a service",
        });
    }
    return {
        services: record([...result.slots].map(([name, port]) => [name, port])),
        retired: record(leaving.map(([name, { port }]) => [name, result.evicted.has(name) ? 0 : port])),
        renamed,
    };
}

interface Ports {
    services: Record<string, RegistryService>;
    retired: Record<string, RegistryService>;
    /** New names of services that keep the port of a name just dropped. */
    renamed: { from: string; to: string }[];
}

function renames(services: Record<string, ServiceRequest>, then: Ledger["services"]): { from: string; to: string }[] {
    const left = new Set(Object.keys(then).filter((name) => !Object.hasOwn(services, name)));
    return Object.entries(services).flatMap(([to, { port, formerly = [] }]) => {
        if (port !== undefined || Object.hasOwn(then, to)) return [];
        const from = formerly.find((name) => left.delete(name));
        return from === undefined ? [] : [{ from, to }];
    });
}

function want(
    name: string,
    port: number | undefined,
    before: { services: Ledger["services"]; retired: Ledger["retired"]["services"] },
    report: (fault: Fault) => void,
): Want {
    if (port !== undefined) {
        if (Number.isInteger(port) && port >= 1 && port <= 65535) {
            return { pinned: port };
        }
        report({
            path: `services.${name}.port`,
            problem: `${port} is not a port`,
            fix: "choose one from 1 to 65535",
        });
        return {};
    }
    if (Object.hasOwn(before.services, name)) {
        return { current: before.services[name]?.port };
    }
    const left = Object.hasOwn(before.retired, name) ? before.retired[name]?.port : undefined;
    return left === undefined || left === 0 ? {} : { preferred: left };
}

function unlisted<T>(entries: Record<string, T>, services: Record<string, ServiceRequest>): [string, T][] {
    return Object.entries(entries).filter(([name]) => !Object.hasOwn(services, name));
}

function sortedByPort(entries: [string, RegistryService][]): [string, RegistryService][] {
    return entries.sort(([, a], [, b]) => a.port - b.port);
}

function record(entries: [name: string, port: number][]): Record<string, RegistryService> {
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, port]) => [name, { port }]));
}
