import { namedInterfaces } from "../../../../core/flows/interfaces.js";
import { captured, OURS } from "./relays.js";

const PAIR = { concat: [{ meta: { key: "iifname" } }, { meta: { key: "oifname" } }] };

it("finds interfaces in conditions, verdict maps and sets", () => {
    expect(namedInterfaces([captured("docker")], OURS)).toEqual(["docker0"]);
    const rules = [
        { match: { op: "==", left: { meta: { key: "iifname" } }, right: { set: ["eth1", "wg0", "lo"] } } },
        { match: { op: "!=", left: { meta: { key: "oifname" } }, right: "br*" } },
        { vmap: { key: { meta: { key: "iif" } }, data: { set: [["eth2", { accept: null }]] } } },
        { set: { type: "ifname", elem: ["eth3", { elem: { val: "eth4" } }] } },
        { set: { type: ["ipv4_addr", "ifname"], elem: [{ concat: ["10.8.0.1", "eth5"] }] } },
        { vmap: { key: PAIR, data: { set: [[{ concat: ["eth6", "wg0"] }, { accept: null }]] } } },
        { match: { op: "==", left: PAIR, right: { concat: ["wg0", "eth7"] } } },
    ];
    expect(namedInterfaces(rules, OURS)).toEqual(["br0", "eth1", "eth2", "eth3", "eth4", "eth5", "eth6", "eth7"]);
    expect(namedInterfaces([captured("relay")], OURS)).toEqual([]);
});
