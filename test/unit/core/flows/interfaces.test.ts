import { namedInterfaces } from "../../../../core/flows/interfaces.js";
import { captured, OURS } from "./relays.js";

it("finds interfaces in conditions, verdict maps and sets", () => {
    expect(namedInterfaces([captured("docker")], OURS)).toEqual(["docker0"]);
    const rules = [
        { match: { op: "==", left: { meta: { key: "iifname" } }, right: { set: ["eth1", "wg0", "lo"] } } },
        { match: { op: "!=", left: { meta: { key: "oifname" } }, right: "br*" } },
        { vmap: { key: { meta: { key: "iif" } }, data: { set: [["eth2", { accept: null }]] } } },
        { set: { type: "ifname", elem: ["eth3", { elem: { val: "eth4" } }] } },
    ];
    expect(namedInterfaces(rules, OURS)).toEqual(["br0", "eth1", "eth2", "eth3", "eth4"]);
    expect(namedInterfaces([captured("relay")], OURS)).toEqual([]);
});
