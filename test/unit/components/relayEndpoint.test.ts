import * as pulumi from "@pulumi/pulumi";

import { endpointOf } from "../../../components/relayEndpoint.js";

const warnings: string[] = [];
beforeEach(() => {
    warnings.length = 0;
    jest.spyOn(pulumi.log, "warn").mockImplementation((message) => Promise.resolve(void warnings.push(message)));
});

function endpoint(address: string, { given, reachedAt }: { given?: string; reachedAt?: string } = {}, epoch = 1) {
    const plain = { listenPort: 51820, interface: "wg0", ...(given === undefined ? {} : { endpoint: given }) };
    const parts = { plain, address: pulumi.output(address), reachedAt, relay: {} as pulumi.Resource };
    // What `apply` gives is a promise inside.
    return (endpointOf(parts, epoch) as unknown as { promise(): Promise<string> }).promise();
}

it("is the machine's own address, in brackets if it is IPv6, or what was given", async () => {
    expect(await endpoint("203.0.113.7")).toBe("203.0.113.7:51820");
    expect(await endpoint("2001:db8::7", {}, 2)).toBe("[2001:db8::7]:51821");
    expect(await endpoint("", { given: "vpn.example.org:4500" }, 2)).toBe("vpn.example.org:4501");
});

it("is warned about when only the machine itself could take it for its address, once for a relay", async () => {
    await endpoint("10.0.0.5", { reachedAt: "203.0.113.7" });
    expect(warnings).toEqual([
        "the peers' endpoint is 10.0.0.5, a private address, while SSH reaches the relay at 203.0.113.7; if the relay is behind NAT, set `endpoint` of the Relay",
    ]);
    await endpoint("10.0.0.5", { reachedAt: "10.0.0.5" });
    await endpoint("100.64.0.9", { reachedAt: "relay.example.org" });
    await endpoint("203.0.113.7", { reachedAt: "203.0.113.7" });
    await endpoint("10.0.0.5", { given: "10.0.0.5", reachedAt: "203.0.113.7" });
    expect(warnings).toHaveLength(2);
});
