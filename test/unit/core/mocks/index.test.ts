import { completed } from "../../../../core/mocks/index.js";

const now = new Date("2030-01-01T00:00:00Z");
const registry = { type: "Registry", name: "office-registry" };

it("allocates what mocks that return the inputs do not", () => {
    const peers = { alice: {}, nas: { address: "10.8.0.9" }, bob: { expires: "2029-01-01T00:00:00Z" } };
    const inputs = { subnet: "10.8.0.0/24", peers, services: { wiki: {} } };
    expect(completed(peers, { ...registry, output: "peers", inputs }, now)).toEqual({
        alice: { address: "10.8.0.2" },
        nas: { address: "10.8.0.9" },
    });
    expect(completed(undefined, { ...registry, output: "services", inputs }, now)).toEqual({ wiki: { port: 8443 } });
});

it("refuses what the plugin refuses to allocate", () => {
    const peers = { alice: { address: "10.9.0.2" } };
    const inputs = { subnet: "10.8.0.0/24", peers, services: {} };
    expect(() => completed(peers, { ...registry, output: "services", inputs }, now)).toThrow(
        expect.objectContaining({
            message:
                'peers.alice.address: "10.9.0.2" is outside 10.8.0.0/24; choose one from 10.8.0.2 to 10.8.0.254, or leave it out to have one allocated',
        }),
    );
});

it("takes what mocks say", () => {
    const peers = { alice: { address: "10.8.0.77" } };
    expect(completed(peers, { ...registry, output: "peers", inputs: {} }, now)).toBe(peers);
    const host = { type: "Host", name: "office-host", output: "address", inputs: {} };
    expect(completed("198.51.100.1", host, now)).toBe("198.51.100.1");
    expect(completed(undefined, host, now)).toBe("192.0.2.254");
});

it("knows that epochs as an input are numbers, and keys as an output", () => {
    const asked = { type: "WireGuard", name: "office-wireguard", output: "epochs", inputs: { epochs: [1, 2] } };
    expect(completed([1, 2], asked, now)).toEqual({
        1: { publicKey: expect.stringMatching(/^mock\/public\/office\/wire/) },
        2: { publicKey: expect.stringMatching(/^mock\/public\/office\/wire/) },
    });
});
