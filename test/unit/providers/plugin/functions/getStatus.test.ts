import { HostUnreachable } from "../../../../../core/errors.js";
import type { RelayStatus } from "../../../../../core/status/index.js";
import { getStatus } from "../../../../../providers/plugin/functions/getStatus.js";
import { connect, Machine } from "../../hosts/machine.js";
import { KEYS } from "../../resources/relays.js";

const QUESTION = {
    ...{ relay: "hub", owner: "shop/dev/hub", relayId: "ab12", appName: "corp", interface: "wg0" },
    peers: { alice: { address: "10.8.0.2", publicKey: KEYS.alice } },
    ...{ publicKeys: {}, registry: {}, addresses: ["10.8.0.1"], services: {}, served: {}, authorities: {} },
    ...{ probe: false, timeout: 30 },
};
const asked = async (machine: Machine, more: object = {}): Promise<RelayStatus> => {
    connect(machine);
    const { status } = await getStatus.invoke({ ...QUESTION, host: machine.host, ...more });
    return JSON.parse(String(status)) as RelayStatus;
};

it("says who is on the relay as it is now", async () => {
    const machine = Object.assign(new Machine(), { owner: "shop/dev/hub", relayId: "ab12" });
    machine.says.status = () => ({
        status: "time\t1764072000\ntable\t1\ngeneration\t7\n",
        interfaces: `wg0\t51820\t1\t${KEYS.dave}\n`,
        "dump.wg0": `(none)\t${KEYS.dave}\t51820\toff\n${KEYS.alice}\t(none)\t192.0.2.9:1\t10.8.0.2/32\t1764071990\t5\t6\toff\n`,
    });
    const status = await asked(machine);
    expect(status).toMatchObject({
        relay: "hub",
        reachable: true,
        generation: 7,
        interfaces: [{ name: "wg0", epoch: 1 }],
    });
    expect(status.peers).toMatchObject([{ name: "alice", state: "connected", age: 10, received: 5, sent: 6 }]);
    expect(machine.last("status").values).toMatchObject({ table: "corp_wg0", owner: "shop/dev/hub", relayId: "ab12" });
});

it("of a relay that cannot be reached tells what the state knows, and why", async () => {
    const machine = new Machine();
    machine.unreachable = new HostUnreachable("there", "it is off", "switch it on");
    expect(await asked(machine)).toMatchObject({
        ...{ reachable: false, problem: "there: it is off; switch it on", time: null },
        peers: [{ name: "alice", state: "unknown" }],
    });
});

it("a fault of this library is none of the relay's", async () => {
    const machine = new Machine();
    machine.unreachable = new TypeError("a fault of ours");
    await expect(asked(machine)).rejects.toThrow("a fault of ours");
});
