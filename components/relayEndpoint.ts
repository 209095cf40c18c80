import * as pulumi from "@pulumi/pulumi";

import { isPrivate } from "../core/addresses/index.js";
import { canonicalEndpoint, type RelayPlain } from "../core/arguments/index.js";
import { epochPlaces } from "../core/keys/epochs.js";
import { InvalidArgument } from "../core/errors.js";

/** What is known of a relay's endpoint: the argument, and where its machine is otherwise. */
export interface EndpointParts {
    plain: Pick<RelayPlain, "endpoint" | "listenPort" | "interface">;
    /** The machine's own address; absent if the machine cannot be queried. */
    address: pulumi.Output<string> | undefined;
    /** Where SSH reaches the machine. */
    reachedAt: pulumi.Input<string> | undefined;
    relay: pulumi.Resource;
}

/**
 * Where peers reach the relay, "host:port".
 *
 * @param epoch even ones are one port further, also for a given port: a port forwarding must cover both
 */
export function endpointOf({ plain, address, reachedAt, relay }: EndpointParts, epoch: number): pulumi.Output<string> {
    const { endpoint, listenPort, interface: device } = plain;
    // Where there is no address to ask for, the arguments have been checked for an endpoint.
    const given = (endpoint as pulumi.Input<string> | undefined) ?? address ?? "";
    return pulumi.all([given, reachedAt]).apply(([known, reached]) => {
        if (known === "") throw noAddress();
        if (endpoint === undefined) warnOfPrivate(known, reached, relay);
        // An Output is checked here, as soon as its value is known.
        const text = canonicalEndpoint(known, "endpoint");
        const [, host, port] = /^(\[.*\]|[^:]+):(\d+)$/.exec(text) ?? [];
        const [place] = epochPlaces([epoch], device, Number(port ?? listenPort));
        const bare = text.includes(":") && !text.startsWith("[") ? `[${text}]` : text;
        return `${host ?? bare}:${place?.port}`;
    });
}

const warned = new WeakSet<pulumi.Resource>();

/** Behind a network address translation the machine itself knows its inner address only. */
function warnOfPrivate(address: string, reached: string | undefined, relay: pulumi.Resource): void {
    if (!isPrivate(address) || reached === undefined || isPrivate(reached) || warned.has(relay)) return;
    warned.add(relay);
    const message = `the peers' endpoint is ${address}, a private address, while SSH reaches the relay at ${reached}; if the relay is behind NAT, set \`endpoint\` of the Relay`;
    void pulumi.log.warn(message, relay);
}

function noAddress(): Error {
    return new InvalidArgument(
        "endpoint",
        "is missing, and the relay's machine has no address that peers could use",
        "give the Relay `endpoint`: the host or host:port that peers connect to",
    );
}
