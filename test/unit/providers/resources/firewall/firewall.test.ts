import { storeDrift } from "../../../../../core/drift.js";
import { publicKeyOf } from "../../../../../core/keys/index.js";
import { firewall, firewallParts } from "../../../../../providers/resources/firewall/firewall.js";
import { readFirewall } from "../../../../../providers/resources/firewall/inputs.js";
import type { Running } from "../../../../../providers/resources/relay/change.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { connect, Machine } from "../../hosts/machine.js";
import { contextOf, placedAt, targetAt } from "../relay/lifecycle.js";
import { KEYS, PLACE, RELAY_PRIVATE_KEY, wireInputs } from "../relays.js";

const NETWORK = { subnet: "10.8.0.0/24", address: "10.8.0.1", routes: ["10.20.0.0/16"] };
const inputs = (more: Properties = {}) => readFirewall({ ...PLACE, ...NETWORK, ...more });
const change = (more: Properties = {}) => ({ inputs: inputs(more), context: contextOf() });
const table = (...rules: object[]): { nft: string } => ({
    nft: JSON.stringify({
        nftables: [
            { table: { family: "inet", name: "qp_tunnel_wg0" } },
            { set: { family: "inet", table: "qp_tunnel_wg0", name: "ours", handle: 1, type: "ifname", elem: ["wg0"] } },
            ...rules,
        ],
    }),
});

it("sends a table of the relay's name that guards its interfaces, and the key that may be adopted", async () => {
    const { values, files } = await firewallParts.desired(change({ interfaces: ["wg0", "wg0b"], adopts: KEYS.alice }));
    expect(values).toEqual({ adopts: KEYS.alice });
    const text = files?.["firewall.nft"] ?? "";
    expect(text).toContain("table inet qp_tunnel_wg0");
    expect(text).toMatch(/elements = \{ "wg0", "wg0b" \}/);
    for (const part of ["10.8.0.0/24", "10.8.0.1", "10.20.0.0/16"]) expect(text).toContain(part);
    expect(text).not.toContain("fd12::");
    const dual = await firewallParts.desired(change({ subnet6: "fd12::/64", address6: "fd12::1" }));
    expect(dual.files?.["firewall.nft"]).toContain("fd12::/64");
    await expect(async () => firewallParts.desired(change({ address: UNKNOWN }))).rejects.toThrow("address");
});

it("is described by what the kernel lists; a table that is not there after the load is a problem", async () => {
    expect(await firewallParts.outputs(change(), table(), {})).toEqual({
        outputs: { table: "qp_tunnel_wg0", chains: {}, sets: { ours: "type ifname" } },
        problems: [],
    });
    expect(await firewallParts.outputs(change(), {}, {})).toEqual({
        outputs: { table: "qp_tunnel_wg0", chains: {}, sets: {} },
        problems: ["the table does not exist after it was loaded"],
    });
});

it("a preview has the rules that the state has", () => {
    const then = { table: "qp_tunnel_wg0", chains: { input: ["drop"] } };
    const preview = (outputs?: Properties): Properties =>
        firewallParts.previewOutputs({
            ...change(),
            ...(outputs === undefined
                ? {}
                : { before: { inputs: inputs(), outputs: firewallParts.parseOutputs(outputs) } }),
        });
    expect(preview()).toEqual({ table: "qp_tunnel_wg0", chains: UNKNOWN, sets: UNKNOWN });
    expect(preview({ ...then, sets: { ours: "x" } })).toEqual({ ...then, sets: { ours: "x" } });
    // Of an older version.
    expect(preview(then)).toEqual(then);
});

it("a table that is missing leaves the tunnel unprotected; otherwise it is compared with what was loaded", () => {
    const drift = (answer: Parameters<typeof firewallParts.drift>[2]): Record<string, string> =>
        storeDrift(firewallParts.drift(inputs(), { chains: {}, sets: { ours: "type ifname" } }, answer));
    expect(drift({})).toEqual({
        table: "the nftables table inet qp_tunnel_wg0 is missing: the tunnel is not protected; `pulumi up --refresh` loads it again",
    });
    expect(drift(table())).toEqual({});
    const counter = { counter: { family: "inet", table: "qp_tunnel_wg0", name: "x", packets: 0 } };
    expect(Object.keys(drift(table(counter)))).toEqual(["counter x"]);
});

it("records say which table, for which networks", () => {
    const details = { relay: "hub", table: "qp_tunnel_wg0", subnet: "10.8.0.0/24", routes: ["10.20.0.0/16"] };
    const [action, done] = ["firewall_apply", "The default-deny table of relay hub is loaded"];
    expect(firewallParts.begin(change())).toEqual({
        action,
        message: "Load the default-deny table of relay hub",
        details,
    });
    expect(firewallParts.outcomes(change(), {}, {})).toEqual([{ action, message: done, details }]);
    expect(firewallParts.ending(inputs(), {})).toEqual([
        {
            action: "firewall_remove",
            message: "Removed the table of relay hub",
            begin: "Remove the table of relay hub",
            details,
        },
    ]);
});

describe("an interface that is taken over", () => {
    const OWN = publicKeyOf(RELAY_PRIVATE_KEY);
    const { relay: _relay, host: _host, audit: _audit, ...wanted } = wireInputs({});
    const terms = { adopts: OWN, adoption: { isMtuGiven: true, forwards: [] }, wanted, seed: wanted.seed };

    function adopted(port: number): Machine {
        const machine = new Machine();
        machine.says.adoption = () => ({
            "dump.wg0": `${RELAY_PRIVATE_KEY}\t${OWN}\t${port}\toff\n`,
            "network.wg0": "address 10.8.0.1/24\nforwarding 1\nup 1\nmtu 1420\n",
        });
        connect(machine);
        return machine;
    }

    async function first(machine: Machine, more: Properties): Promise<Machine> {
        const told = readFirewall({ ...placedAt(machine), ...NETWORK, ...more });
        const running = { target: targetAt(machine), facts: undefined } as unknown as Running;
        await firewallParts.first?.({ inputs: told, context: contextOf() }, running);
        return machine;
    }

    it("is compared with what WireGuard will be told before the table is loaded", async () => {
        expect((await first(adopted(51820), terms)).steps).toEqual(["adoption"]);
        await expect(first(adopted(1234), terms)).rejects.toThrow(
            "this machine: wg0 would change: wg0 listens on UDP port 1234, the program has 51820: existing configurations no longer connect",
        );
    });

    it("is not asked about where none may be", async () => {
        expect((await first(adopted(1234), {})).steps).toEqual([]);
    });

    it("leaves its terms in no state", async () => {
        const news = { ...PLACE, ...NETWORK, ...terms, presharedKeys: {} };
        const { inputs: checked } = await firewall.check(news, inputs(terms), contextOf());
        for (const name of ["adoption", "wanted", "seed", "presharedKeys"]) expect(checked).not.toHaveProperty(name);
        expect(checked).toMatchObject({ adopts: OWN });
        const elsewhere = await firewall.check(news, inputs({ ...terms, interface: "wg1" }), contextOf());
        expect(elsewhere.inputs).toHaveProperty("adoption");
    });
});
