import { checkRelay, relayArgs, validate } from "../arguments/index.js";
import { InvalidArgument } from "../errors.js";
import { faultText } from "../fault.js";
import { allocate } from "../registry/index.js";
import type { AdoptedRelay } from "./model.js";

/**
 * That the program which is made of it passes its own checks.
 *
 * @param subject what it was read from, the start of every message
 * @throws InvalidArgument naming what a preview would refuse
 */
export function checkAdoption(relay: AdoptedRelay, subject: string): void {
    const { peers, services, subnet, subnet6, mtu, endpoint, listenPort } = relay;
    const plain = validate(
        relayArgs,
        {
            host: {},
            audit: {},
            peers: [],
            interface: relay.interface,
            listenPort,
            subnet,
            ...(subnet6 === undefined ? {} : { subnet6 }),
            ...(mtu === undefined ? {} : { mtu }),
            ...(endpoint === undefined ? {} : { endpoint }),
        },
        subject,
    );
    checkRelay(
        {
            subnet: plain.subnet,
            subnet6: plain.subnet6,
            routes: [],
            mtu,
            grants: [],
            publicKey: relay.publicKey,
            peers,
            services: services.map(({ name, upstream }) => ({ name, upstream, allow: "everyone" })),
        },
        subject,
    );
    const byName = <T extends { name: string }, V>(list: T[], value: (one: T) => V): Record<string, V> =>
        Object.fromEntries(list.map((one) => [one.name, value(one)]));
    const { problems } = allocate(
        {
            subnet,
            subnet6,
            reservedAddresses: [],
            peers: byName(peers, ({ publicKey, address, routes }) => ({ publicKey, address, routes })),
            services: byName(services, ({ port }) => ({ port })),
        },
        undefined,
    );
    if (problems.length === 0) return;
    const named = problems.map(faultText).join("; ");
    throw new InvalidArgument(subject, `cannot become a program: ${named}`, "correct it there");
}
