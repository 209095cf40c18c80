import { InvalidArgument } from "../errors.js";

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

/**
 * A rotation goes [1], [1, 2], [2].
 *
 * @throws InvalidArgument when the epochs are not a valid stage, or have no place
 */
export function checkEpochs(
    { keyEpochs, interface: device, listenPort }: { keyEpochs: number[]; interface: string; listenPort: number },
    subject: string,
): void {
    const [first = 1, second, ...more] = keyEpochs;
    if (more.length > 0 || (second !== undefined && second !== first + 1)) {
        throw new InvalidArgument(
            `${subject}.keyEpochs`,
            `[${keyEpochs.join(", ")}] is not a valid rotation stage`,
            `give one epoch, or one and the next: [${first}], then [${first}, ${first + 1}], then [${first + 1}]`,
        );
    }
    if (keyEpochs.every((epoch) => epoch % 2 === 1)) return;
    if (device.length > 14) {
        throw new InvalidArgument(
            `${subject}.interface`,
            `"${device}" leaves no room for the interface name of an even key epoch, "${secondInterface(device)}"`,
            "choose a name of at most 14 characters",
        );
    }
    if (listenPort === 65535) {
        throw new InvalidArgument(
            `${subject}.listenPort`,
            "65535 leaves no port for an even key epoch",
            "choose 65534 or less",
        );
    }
}
