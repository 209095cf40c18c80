import { network } from "../../../../../core/protocol/network.js";
import { findRelay, recordedNetwork } from "../../../../../providers/resources/import/importing.js";
import { connect, Machine } from "../../hosts/machine.js";
import { contextOf } from "../relay/lifecycle.js";

const MARK = `7 ${"a".repeat(64)} 900 ${"b".repeat(64)}`;
function relay(more: object = {}): { machine: Machine; id: string } {
    const machine = Object.assign(new Machine(), { owner: "shop/dev/hub", relayId: "ab12", auditMark: MARK, ...more });
    connect(machine);
    const { host } = machine;
    return { machine, id: `namespace:${host.kind === "local" ? host.namespace : ""}/wg0` };
}

it("finds the relay of this stack that the id names, as its resources see it", async () => {
    const { machine, id } = relay();
    expect(await findRelay(`${id}/corp`, contextOf())).toMatchObject({
        target: {
            host: machine.host,
            names: { appName: "corp", interface: "wg0" },
            owner: "shop/dev/hub",
            relayId: "ab12",
        },
        placed: {
            relay: "hub",
            relayId: "ab12",
            host: machine.host,
            audit: { path: "audit/dev.jsonl", project: "shop", stack: "dev" },
        },
        machine: { machine: "m1", hostKey: "" },
        record: { sequence: 7, hash: "a".repeat(64), offset: 900, genesis: "b".repeat(64) },
    });
    expect((await findRelay(relay().id, contextOf()))?.placed.appName).toBe("qp-tunnel");
});

it("finds none where none was ever set up, and refuses another stack's", async () => {
    expect(await findRelay(relay({ owner: undefined }).id, contextOf())).toBeUndefined();
    expect(await findRelay(relay({ auditMark: undefined }).id, contextOf())).toBeUndefined();
    await expect(findRelay(relay({ owner: "shop/prod/hub" }).id, contextOf())).rejects.toThrow(
        /^namespace \S+ of this machine: qp-tunnel-wg0 belongs to shop\/prod\/hub, this is shop\/dev\/…; import the relay into that stack$/,
    );
});

it.each(["", "local", "local/", "/wg0", "local/wg0/corp/x", "local/a name that is too long", "local/wg0/UPPER CASE"])(
    "%j names no relay",
    async (id) => {
        await expect(findRelay(id, contextOf())).rejects.toThrow(`import id "${id}"`);
    },
);

it("a relay's networks are those of its record", () => {
    const record = network.render({
        mtu: 1420,
        address: ["10.8.0.1/24", "fd00::1/64"],
        behind: ["10.20.0.0/16"],
    });
    expect(recordedNetwork({ "record.network": record })).toEqual({
        ...{ subnet: "10.8.0.0/24", address: "10.8.0.1", prefix: 24, mtu: 1420, routes: ["10.20.0.0/16"] },
        ...{ subnet6: "fd00::/64", address6: "fd00::1", prefix6: 64 },
    });
});
