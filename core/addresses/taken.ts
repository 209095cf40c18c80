import { contains } from "./cidr.js";

/** What a machine has and reaches, besides what belongs to the relay. */
export interface MachineNetworks {
    /** Of its own interfaces, with their networks: "192.0.2.7/24". */
    addresses: { device: string; address: string }[];
    /** `via` is the next hop of a network that is not on the link. */
    routes: { destination: string; device: string; via?: string }[];
}

/**
 * What a tunnel's network would take from the machine: one of its own addresses, a gateway, or a network that is
 * reached otherwise.
 *
 * A wider network around the tunnel's, such as a provider's 10.0.0.0/8, loses only the part that is unused there:
 * the kernel takes the longest match.
 *
 * @param subnet CIDR
 * @param ours interfaces that do not count: the relay's own, loopback
 */
export function takenBy(
    subnet: string,
    { addresses, routes }: MachineNetworks,
    ours: readonly string[],
): { device: string; network: string } | undefined {
    const uses = [
        ...addresses.map(({ device, address }) => ({ device, network: address, host: address.split("/")[0] })),
        ...routes.map(({ device, destination, via }) => ({ device, network: destination, host: via })),
    ];
    for (const { device, network, host } of uses) {
        if (ours.includes(device)) continue;
        if (host !== undefined && contains(subnet, host))
            return { device, network: isNetwork(network) ? network : host };
        if (isNetwork(network) && contains(subnet, network)) return { device, network };
    }
    return undefined;
}

/** Not the default route, nor what every link has of its own. */
function isNetwork(text: string): boolean {
    return text.includes("/") && !text.startsWith("fe80") && !text.startsWith("ff");
}
