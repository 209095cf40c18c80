import type { WireGuardPlan } from "./inputs.js";
import type { WireGuardChange } from "./change.js";
import { parseEndpoint } from "../../../core/arguments/text.js";
import { contains, unroutable } from "../../../core/addresses/index.js";
import { HostError } from "../../../core/errors.js";
import type { Fault } from "../../../core/fault.js";
import { routesOf } from "../../../core/registry/defaults.js";
import type { Facts } from "../../hosts/facts.js";
import { fits } from "./known.js";
import { peersOf } from "./peerChanges.js";

/** An address that no peer's route may hold, and why. */
interface Own {
    address: string;
    what: string;
}

/** What program and state show to be wrong with peers' routes, so that a preview refuses what an update would. */
export function* routeFailures(inputs: WireGuardPlan): Generator<Fault> {
    const { host } = inputs;
    const reached = inputs.reached ?? {};
    const own = [
        ...literal(host.kind === "ssh" ? host.address : undefined, OWN),
        ...literal(reached.machine, OWN),
        ...literal(reached.endpoint, "the relay's endpoint"),
    ];
    yield* refusedRoutes(inputs, own);
}

/** A route over the relay's own gateway or address would send the relay's own traffic into the tunnel. */
export function refuseRoutes(inputs: WireGuardPlan, facts: Facts): void {
    const { interface: device } = inputs;
    const own = [
        ...(facts.client === undefined ? [] : [{ address: facts.client, what: "where this program connects from" }]),
        ...facts.routes.flatMap(({ via, device: on }) =>
            via === undefined || on === device ? [] : [{ address: via, what: "the relay's gateway" }],
        ),
        ...facts.addresses
            .filter((entry) => entry.device !== device && entry.device !== "lo")
            .map(({ address }) => ({ address: address.split("/")[0] ?? address, what: OWN })),
    ];
    for (const { path, problem, fix } of refusedRoutes(inputs, own)) throw new HostError(path, problem, fix);
}

const OWN = "the relay's own address";

/**
 * New routes that hold the address where the last update connected from. The next one may come from elsewhere, so it is a warning:
 * an update that does not is refused.
 */
export function clientWarnings({ before, inputs }: Pick<WireGuardChange, "before" | "inputs">): string[] {
    const { client } = inputs.reached ?? {};
    const known = new Set(Object.values(peersOf(before?.inputs ?? {})).flatMap(routesOf));
    const own = literal(client, "where the last update connected from");
    return [...refusedRoutes(inputs, own, (route) => !known.has(route))].map(
        ({ path, problem }) => `${inputs.relay}: ${path}: ${problem}; an update from there will be refused`,
    );
}

function* refusedRoutes(
    inputs: WireGuardPlan,
    own: Own[],
    isConcerned: (route: string) => boolean = () => true,
): Generator<Fault> {
    for (const [name, peer] of Object.entries(peersOf(inputs))) {
        for (const route of routesOf(peer).filter(isConcerned)) {
            const hit = own.find(
                ({ address }) => address.includes(":") === route.includes(":") && contains(route, address),
            );
            if (hit === undefined) continue;
            yield {
                path: `peers.${name}.routes`,
                problem: `${route} contains ${hit.address}, ${hit.what}: the relay would answer it through the tunnel and be cut off`,
                fix: "declare a smaller network",
            };
        }
    }
}

/** The address in an endpoint or a host, if it is known and not a name. Local addresses are left out: no route can contain them. */
function literal(text: unknown, what: string): Own[] {
    if (typeof text !== "string" || text === "" || !fits(text, parseEndpoint)) return [];
    const { host } = parseEndpoint(text, "");
    if (!/^[\d.]+$|:/.test(host) || unroutable(host) !== undefined) return [];
    return [{ address: host, what }];
}
