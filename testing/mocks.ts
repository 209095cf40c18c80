import * as pulumi from "@pulumi/pulumi";

import { Refused, TunnelError } from "../core/errors.js";
import { answerFor, inPlaceOf, mockedStatus, PREFIX } from "./plugin.js";

/** Mocks of the plugin, for `pulumi.runtime.setMocks`. */
export interface TunnelMocks extends pulumi.runtime.Mocks {
    newResource(args: pulumi.runtime.MockResourceArgs): Promise<{ id: string | undefined; state: object }>;
    call(args: pulumi.runtime.MockCallArgs): Promise<object>;
    /** @internal What was said of each resource, in the order in which they were declared. */
    readonly said: Said[];
    /** @internal What the plugin refused. */
    readonly refused: Error[];
}

export interface Said {
    /** A relay, or "relay/peer" for the machine of a managed peer. */
    relay: string;
    sentences: string[];
}

/**
 * Mocks that answer as the plugin does: addresses and ports are allocated, inputs are checked by the plugin's own code, and nothing is
 * reached or written. Keys, certificates and machines say that they are mocks. What the plugin would refuse fails `valueOf`, `access` and
 * `plan`.
 *
 * @param others what answers for the resources and functions of other providers. Default: they return their inputs
 */
export function mocks(others: Partial<pulumi.runtime.Mocks> = {}): TunnelMocks {
    const said: Said[] = [];
    const refused: Error[] = [];
    return {
        said,
        refused,
        async newResource(args) {
            const { type, name } = args;
            const given = args.inputs as Record<string, unknown>;
            // Components have no plugin that answers.
            const isManaged = type.startsWith(PREFIX) && args.custom === true;
            if (!isManaged) return (await others.newResource?.(args)) ?? { id: `${name}-id`, state: given };
            const entry: Said = { relay: String(given["relay"]), sentences: [] };
            said.push(entry);
            try {
                const { state, sentences } = await answerFor(args);
                entry.sentences = sentences;
                return { id: `${name}-id`, state };
            } catch (error) {
                if (!(error instanceof Refused || error instanceof TunnelError)) throw error;
                // Thrown, it would be an unhandled rejection in everything that depends on the resource.
                refused.push(error);
                return { id: `${name}-id`, state: inPlaceOf(args) };
            }
        },
        async call(args) {
            const given = args.inputs as object;
            if (args.token === `${PREFIX}getStatus`) return mockedStatus(given);
            return (await others.call?.(args)) ?? given;
        },
    };
}

/** The mocks under which the program runs, if they are these. */
export function currentMocks(): TunnelMocks | undefined {
    const { mocks: current } = (pulumi.runtime.getMonitor() ?? {}) as { mocks?: Partial<TunnelMocks> };
    return current?.said === undefined || current.refused === undefined ? undefined : (current as TunnelMocks);
}
