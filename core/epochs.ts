/**
 * Where a relay listens for each epoch of its own key. One WireGuard interface has one private key and one port, so
 * the two keys of a rotation are two interfaces; odd and even epochs take turns, so that a third is never needed.
 */
export interface EpochPlace {
    epoch: number;
    interface: string;
    /** UDP. */
    port: number;
}

/**
 * Oldest first.
 *
 * @param listenPort of odd epochs; even ones have the next
 */
export function epochPlaces(epochs: readonly number[], device: string, listenPort: number): EpochPlace[] {
    return [...epochs]
        .sort((a, b) => a - b)
        .map((epoch) =>
            epoch % 2 === 1
                ? { epoch, interface: device, port: listenPort }
                : { epoch, interface: secondInterface(device), port: listenPort + 1 },
        );
}

/** Of even epochs. */
export function secondInterface(device: string): string {
    return `${device}b`;
}
