import type { RegistryPeer } from "./model.js";

/*
 * What is as usual is left out of the registry: the engine handles every value of every peer several times a preview,
 * and most peers have no networks behind them and were admitted once.
 */

/** Seconds in which a peer's replaced key still works beside the new one, unless the program says otherwise: a week. */
export const KEY_OVERLAP = 7 * 24 * 3600;

/** From how many hours before access ends previews warn of it, unless the program says otherwise. */
export const WARN_HOURS = 24;

/** Networks behind a peer. */
export function routesOf({ routes }: Pick<RegistryPeer, "routes">): string[] {
    return routes ?? [];
}

export function keyEpochOf({ keyEpoch }: Pick<RegistryPeer, "keyEpoch">): number {
    return keyEpoch ?? 1;
}

/** How often a name was admitted. */
export function admittedOf({ admitted }: Pick<RegistryPeer, "admitted">): number {
    return admitted ?? 1;
}

/** The fields that are not as usual. */
export function unusual(fields: {
    routes: string[];
    keyEpoch: number;
    admitted: number;
}): Pick<RegistryPeer, "routes" | "keyEpoch" | "admitted"> {
    const { routes, keyEpoch, admitted } = fields;
    return {
        ...(routes.length > 0 && { routes }),
        ...(keyEpoch !== 1 && { keyEpoch }),
        ...(admitted !== 1 && { admitted }),
    };
}
