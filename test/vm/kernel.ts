import { during } from "../lab/progress.js";
import { ALICE_WAN, calledAgain, expectClosed, expectService, journal, step, unit, world } from "./world.js";

const PORT = 51820;
const ELSEWHERE = "198.51.100.21";
const OTHER_PORT = 51999;

/** What the kernel's WireGuard does otherwise than wireguard-go: it has no process, and lasts while it is down. */
export function interfaceOfTheKernel(): void {
    step("has no process that could be killed", async () => {
        const { vm, device } = world;
        expect(await vm.run(`systemctl show --property=MainPID,ActiveState --value ${unit("wireguard")}`)).toBe(
            "0\nactive\n",
        );
        const socket = await vm.run(`ss -H -lunp 'sport = :${PORT}'`);
        expect(socket).toContain(`:${PORT}`);
        expect(socket).not.toContain("users:");
        expect(await vm.run(`ls /var/run/wireguard 2>/dev/null || true; ip -d link show ${device}`)).not.toContain(
            ".sock",
        );
    });

    step("finds a peer that moved to another address again, also when its interface was deleted", async () => {
        const { lab, vm, stack, device } = world;
        const alice = lab.node("alice");
        await alice.run(["ip", "address", "del", `${ALICE_WAN}/24`, "dev", "wan"]);
        await alice.run(["ip", "address", "add", `${ELSEWHERE}/24`, "dev", "wan"]);
        await expectService();
        expect(await vm.run(`wg show ${device} endpoints`)).toContain(`\t${ELSEWHERE}:`);
        await vm.until(`grep -q '${ELSEWHERE}:' ${stack.place("etc")}/endpoints.${device}`);

        const index = await vm.run(`cat /sys/class/net/${device}/ifindex`);
        await vm.run(`ip link del dev ${device}`);
        await vm.until(`grep -q 'process_restart.*name=interface ${device}' ${journal()}`);
        await vm.until(`[ "$(cat /sys/class/net/${device}/ifindex)" -gt ${index.trim()} ]`);
        await calledAgain(2);
        expect(await vm.run(`wg show ${device} endpoints`)).toContain(`\t${ELSEWHERE}:`);
        await expectService();
        await expectClosed();

        await alice.run(["ip", "address", "del", `${ELSEWHERE}/24`, "dev", "wan"]);
        await alice.run(["ip", "address", "add", `${ALICE_WAN}/24`, "dev", "wan"]);
        await expectService();
    });

    step("sets its interface up again when its port is free, and says until then who is in the way", async () => {
        const { vm, stack, device } = world;
        // A port is taken when an interface is up: that is when another one can get it.
        await vm.run(`ip link add dev squatter type wireguard; wg set squatter listen-port ${PORT}
            printf 'link set dev ${device} down\\nlink set dev squatter up\\n' | ip -batch -`);
        expect(await stack.fail(["up", "--refresh", "--yes", "--skip-preview"])).toContain(
            `UDP port ${PORT} is used by another program; stop it, or give the Relay another \`listenPort\``,
        );
        expect(await vm.run(`ip -o link show dev ${device}`)).not.toMatch(/[<,]UP[,>]/);
        await vm.run("ip link del dev squatter");
        await vm.until(`ip -o link show dev ${device} | grep -q '[<,]UP[,>]'`);
        await vm.until(`grep -q $'\\tguard_raise\\t' ${journal()}`);
        await expectService();
        await expectClosed();
        await during("an update that looks", () => stack.up("--refresh"));
    });

    step("refuses a port that another interface has, before anything is changed", async () => {
        const { vm, stack, device } = world;
        await vm.run(`ip link add dev squatter type wireguard; wg set squatter listen-port ${OTHER_PORT}
            ip link set dev squatter up`);
        stack.declare({ listenPort: OTHER_PORT });
        expect(await stack.fail(["up", "--yes", "--skip-preview"])).toContain(
            `UDP port ${OTHER_PORT} is used by another program; stop it, or give the Relay another \`listenPort\``,
        );
        expect(await vm.run(`wg show ${device} listen-port; test ! -e ${stack.place("etc")}/pending`)).toBe(
            `${PORT}\n`,
        );
        await expectService();
        await vm.run("ip link del dev squatter");
        stack.declare({ listenPort: PORT });
    });
}
