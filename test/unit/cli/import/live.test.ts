import childProcess from "node:child_process";

import { liveRelay } from "../../../../cli/import/live.js";
import { KEYS } from "../../providers/resources/relays.js";

const DUMP = `(none)\t${KEYS.dave}\t51820\toff\n${KEYS.alice}\t(none)\t192.0.2.9:1\t10.8.0.2/32\t0\t0\t0\toff\n`;

/** A machine on which these commands print that, and all others fail. */
function machine(prints: Record<string, string>): string[] {
    const asked: string[] = [];
    jest.spyOn(childProcess, "spawnSync").mockImplementation(((program: string, args: string[]) => {
        const command = [program, ...args].join(" ");
        asked.push(command);
        const stdout = prints[command];
        return stdout === undefined ? { status: 1, stdout: "" } : { status: 0, stdout };
    }) as never);
    return asked;
}
const MTU = { "cat /sys/class/net/wg0/mtu": "1380\n" };
const SHOWN = { ...MTU, "wg show wg0 dump": DUMP };

it("is the interface as it is here, with what it forwards", () => {
    machine(SHOWN);
    expect(liveRelay({ device: "wg0" })).toEqual({
        ...{ publicKey: KEYS.dave, listenPort: 51820, mtu: 1380, forwards: false },
        peers: [expect.objectContaining({ publicKey: KEYS.alice, allowedIps: ["10.8.0.2/32"] })],
    });
    for (const key of ["ipv4/conf/wg0", "ipv6/conf/all"]) {
        machine({ ...SHOWN, [`cat /proc/sys/net/${key}/forwarding`]: "1\n" });
        expect(liveRelay({ device: "wg0" })).toMatchObject({ forwards: true });
    }
    machine({ ...SHOWN, "cat /proc/sys/net/ipv4/conf/wg0/forwarding": "0\n" });
    expect(liveRelay({ device: "wg0" })).toMatchObject({ forwards: false });
});

it("in a namespace is asked there", () => {
    const asked = machine({
        "ip netns exec try cat /sys/class/net/wg0/mtu": "1420\n",
        "ip netns exec try wg show wg0 dump": DUMP,
    });
    expect(liveRelay({ device: "wg0", namespace: "try" })).toMatchObject({ mtu: 1420 });
    expect(asked.every((command) => command.startsWith("ip netns exec try "))).toBe(true);
});

it("is not there, or cannot be read by this user or by this version: that is told apart", () => {
    machine({});
    expect(liveRelay({ device: "wg0" })).toBeUndefined();
    machine(MTU);
    expect(liveRelay({ device: "wg0" })).toBe("unreadable");
    machine({ ...SHOWN, "wg show wg0 dump": "what is this?\n" });
    expect(liveRelay({ device: "wg0" })).toBe("unreadable");
});
