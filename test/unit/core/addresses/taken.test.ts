import * as fc from "fast-check";

import { bigIntToAddress, contains, takenBy } from "../../../../core/addresses/index.js";

const NOTHING = { addresses: [], routes: [] };

it("takes a wide route of the machine's own for no conflict", () => {
    const machine = {
        addresses: [{ device: "eth0", address: "10.16.0.5/20" }],
        routes: [
            { destination: "default", device: "eth0", via: "10.16.0.1" },
            { destination: "10.0.0.0/8", device: "eth1", via: "10.132.0.1" },
            { destination: "10.16.0.0/20", device: "eth0" },
            { destination: "fe80::/64", device: "eth0" },
            { destination: "ff00::/8", device: "eth0" },
        ],
    };
    expect(takenBy("10.8.0.0/24", machine, ["lo", "wg0"])).toBeUndefined();
    expect(takenBy("fd12:3456:789a::/64", machine, ["lo", "wg0"])).toBeUndefined();
});

it.each([
    ["an address of the machine", { addresses: [{ device: "eth0", address: "10.8.0.7/8" }], routes: [] }],
    ["its network", { addresses: [], routes: [{ destination: "10.8.0.0/24", device: "eth0" }] }],
    ["a part of it", { addresses: [], routes: [{ destination: "10.8.0.128/25", device: "eth0", via: "192.0.2.1" }] }],
    ["a single address", { addresses: [], routes: [{ destination: "10.8.0.9", device: "eth0", via: "10.8.0.9" }] }],
    ["a gateway", { addresses: [], routes: [{ destination: "default", device: "eth0", via: "10.8.0.1" }] }],
])("names %s inside the tunnel's network", (_, machine) => {
    expect(takenBy("10.8.0.0/24", machine, ["lo", "wg0"])?.device).toBe("eth0");
    expect(takenBy("10.8.0.0/24", machine, ["lo", "eth0"])).toBeUndefined();
});

it("refuses a network exactly when the tunnel would lead there instead", () => {
    const prefix = fc.integer({ min: 8, max: 30 });
    const start = fc.integer({ min: 0x0a000000, max: 0x0affffff });
    const network = fc.tuple(start, prefix).map(([value, bits]) => {
        const size = 2n ** BigInt(32 - bits);
        return `${bigIntToAddress((BigInt(value) / size) * size, 4)}/${bits}`;
    });
    fc.assert(
        fc.property(network, network, (subnet, destination) => {
            const machine = { ...NOTHING, routes: [{ destination, device: "eth0" }] };
            expect(takenBy(subnet, machine, []) !== undefined).toBe(contains(subnet, destination));
        }),
    );
});
