import { isIP } from "node:net";

import { contains } from "../../core/addresses.js";
import { HostError } from "../../core/errors.js";
import type { RegistryPeer } from "../../core/model.js";
import { routesOf } from "../../core/registry/defaults.js";
import { isKnown } from "../hosts/descriptors.js";
import type { Facts } from "../hosts/facts.js";
import { placed } from "./placed.js";
import type { Properties } from "./resource.js";

/** What a preview, which asks no machine, knows of the routes that an update will refuse. */
export function routeWarnings(inputs: Properties): string[] {
    const { relay, host } = placed(inputs);
    if (host.kind !== "ssh" || !isKnown(host.address) || isIP(host.address) === 0) return [];
    return Object.entries((inputs.peers ?? {}) as Record<string, RegistryPeer>).flatMap(([name, peer]) =>
        routesOf(peer)
            .filter((route) => route.includes(":") === host.address.includes(":") && contains(route, host.address))
            .map(
                (route) =>
                    `${relay}: ${name}'s route ${route} holds ${host.address}, where the relay is reached: the update will be refused; declare a smaller network`,
            ),
    );
}

/** A route over the relay's own gateway or address would send the relay's own traffic into the tunnel. */
export function refuseRoutes(inputs: Properties, facts: Facts): void {
    const { interface: device } = placed(inputs);
    const own = [
        ...(facts.client === undefined ? [] : [{ address: facts.client, what: "where this program connects from" }]),
        ...facts.routes.flatMap(({ via, device: on }) =>
            via === undefined || on === device ? [] : [{ address: via, what: "the relay's gateway" }],
        ),
        ...facts.addresses
            .filter((entry) => entry.device !== device && entry.device !== "lo")
            .map(({ address }) => ({ address: address.split("/")[0] ?? address, what: "the relay's own address" })),
    ];
    for (const [name, peer] of Object.entries((inputs.peers ?? {}) as Record<string, RegistryPeer>)) {
        for (const route of routesOf(peer)) {
            const hit = own.find(
                ({ address }) => address.includes(":") === route.includes(":") && contains(route, address),
            );
            if (hit !== undefined) {
                throw new HostError(
                    `peers.${name}.routes`,
                    `${route} holds ${hit.address}, ${hit.what}: the relay would answer it through the tunnel and be cut off`,
                    "declare a smaller network",
                );
            }
        }
    }
}
