import { readFirewall } from "../../../../../providers/resources/firewall/inputs.js";
import { readWireGuard } from "../../../../../providers/resources/wireguard/inputs.js";
import { liveInterface, mayAdopt } from "../../../../../providers/resources/import/adoptionCheck.js";
import { firewall, firewallParts } from "../../../../../providers/resources/firewall/firewall.js";
import type { Context, Properties } from "../../../../../providers/resources/resource.js";
import { wireguardParts } from "../../../../../providers/resources/wireguard/wireguard.js";

const [OWN, ALICE] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString("base64")) as [string, string];
const context: Context = {
    ...{ urn: "urn:pulumi:dev::lab::t::relay-firewall", name: "relay-firewall", project: "lab", stack: "dev" },
    ...{ preview: true, refreshing: false, signal: new AbortController().signal },
    log: () => undefined,
};
const inputs = readWireGuard({
    relay: "office",
    host: { kind: "local" },
    appName: "qp-tunnel",
    interface: "wg0",
    audit: { project: "lab", stack: "dev", path: "dev.jsonl" },
    ...{ subnet: "10.8.0.0/24", address: "10.8.0.1", prefix: 24, routes: [] },
    ...{ listenPort: 51820, mtu: 1420, epochs: [1] },
});
const adopting = readWireGuard({
    ...inputs,
    adopts: OWN,
    adoption: { isMtuGiven: false, forwards: [] },
    wanted: { listenPort: 51820, peers: {} },
    seed: "secret",
    presharedKeys: { alice: "secret" },
});

describe("an interface that may be taken over", () => {
    it("is looked for when a relay with a given key is made, or comes to another interface or machine", () => {
        expect(mayAdopt({ inputs })).toBe(false);
        expect(mayAdopt({ inputs: adopting })).toBe(true);
        const from = (before: Properties) =>
            mayAdopt({ inputs: adopting, before: { inputs: readWireGuard({ ...adopting, ...before }) } });
        expect(from({})).toBe(false);
        expect(from({ interface: "wg1" })).toBe(true);
        expect(from({ host: { kind: "local", namespace: "try" } })).toBe(true);
    });

    it("is not asked for in the preview of a relay that adopts none", async () => {
        await expect(wireguardParts.foresee?.({ inputs, context })).resolves.toBeUndefined();
        await expect(firewallParts.foresee?.({ inputs: readFirewall(inputs), context })).resolves.toBeUndefined();
    });

    it("leaves nothing of what it is compared with in the state", async () => {
        const first = await firewall.check(adopting, undefined, context);
        expect(first.inputs).toMatchObject({ seed: "secret", presharedKeys: { alice: "secret" } });
        const then = await firewall.check(adopting, first.inputs, context);
        expect(Object.keys(then.inputs).sort()).toStrictEqual([...Object.keys(inputs), "adopts"].sort());
    });

    it("is read from what the machine says", () => {
        const answer = {
            "dump.wg0": `(none)\t${OWN}\t51820\t0xca6c\n${ALICE}\t(none)\t(none)\t10.8.0.2/32\t0\t0\t0\t25\n`,
            "network.wg0":
                "address 10.8.0.1/24\naddress fd00:8::1/64\nroute 192.168.7.0/24\nforwarding 1\nforwarding6 0\nup 1\nmtu 1380\n",
        };
        expect(liveInterface(answer, "wg0")).toMatchObject({
            interface: "wg0",
            publicKey: OWN,
            fwmark: 0xca6c,
            mtu: 1380,
            addresses: ["10.8.0.1/24", "fd00:8::1/64"],
            routes: ["192.168.7.0/24"],
            forwards: [4],
            peers: [{ publicKey: ALICE, keepalive: 25 }],
        });
        expect(liveInterface({}, "wg0")).toBeUndefined();
    });
});
