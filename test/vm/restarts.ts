import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { during } from "../lab/progress.js";
import { calledAgain, expectService, PEERS, peersOnTheWire, step, table, unit, world } from "./world.js";

/** A network behind a peer: a change that could cut the way to the relay. */
const ROUTE = "10.99.0.0/24";

export function boots(): void {
    step("comes back after a reboot in an order in which nothing is open, and as it was", async () => {
        const { lab, vm, stack, device } = world;
        // Each unit looks around before it begins: what is there then, and what is not.
        const look = `{ nft list table inet ${table()} >/dev/null 2>&1 && echo table; ip link show ${device} >/dev/null 2>&1 && echo interface; } >/run/seen-$1 || true`;
        await vm.run(`printf '#!/bin/sh\n%s\n' '${look}' >/usr/local/bin/look; chmod 755 /usr/local/bin/look`);
        for (const role of ["wireguard", "proxy"]) {
            const folder = `/etc/systemd/system/${unit(role)}.d`;
            await vm.run(
                `mkdir -p ${folder}; printf '[Service]\nExecStartPre=+/usr/local/bin/look ${role}\n' >${folder}/look.conf`,
            );
        }
        await vm.until(`[ "$(wc -l < ${stack.place("etc")}/endpoints.${device})" = 2 ]`);
        await vm.reboot();
        expect(await vm.started()).toBe("running");
        await calledAgain(2);
        expect(await vm.run(`systemctl is-active ${unit("watch")}`)).toBe("active\n");
        expect(await vm.run("cat /run/seen-wireguard")).toBe("table\n");
        expect(await vm.run("cat /run/seen-proxy")).toBe("table\ninterface\n");
        const begun = await since("InactiveExitTimestampMonotonic", ["firewall", "wireguard", "proxy"]);
        const ready = await since("ActiveEnterTimestampMonotonic", ["firewall", "wireguard"]);
        expect(ready[0]).toBeLessThan(await networkBegan());
        expect(ready[0]).toBeLessThan(begun[1]!);
        expect(ready[1]).toBeLessThan(begun[2]!);
        expect(await vm.run(`systemctl show --property=NRestarts --value ${unit("proxy")}`)).toBe("0\n");
        await vm.run(`rm -r /etc/systemd/system/qp-tunnel-*.service.d /usr/local/bin/look; systemctl daemon-reload`);
        await expectService();
        expect(await lab.node("alice").ping("10.8.0.3")).toBe(true);
        expect(await lab.node("bob").ping("10.8.0.2")).toBe(false);
        await stack.refresh("--expect-no-changes");
        await stack.preview("--expect-no-changes");
    });
}

async function since(property: string, roles: string[]): Promise<number[]> {
    const text = await world.vm.run(`systemctl show --property=${property} --value ${roles.map(unit).join(" ")}`);
    return text.split("\n").filter(Boolean).map(Number);
}

async function networkBegan(): Promise<number> {
    const property = "InactiveExitTimestampMonotonic";
    return Number(await world.vm.run(`systemctl show --property=${property} --value systemd-networkd.service`));
}

export function powerFailure(): void {
    step("keeps who was cut out, when the power fails right after the update", async () => {
        const { vm, stack } = world;
        stack.declare({ peers: PEERS.filter(({ name }) => name !== "carol") });
        await during("an update", () => stack.up());
        await vm.powerCut();
        expect(await peersOnTheWire()).toEqual(["10.8.0.2/32", "10.8.0.3/32", "10.8.0.5/32"]);
        await expectService();
        await stack.refresh("--expect-no-changes");
    });
}

export function unconfirmed(): void {
    step("rolls back what a reboot leaves unconfirmed, and keeps out who was cut in the same update", async () => {
        const { lab, vm, stack, operator, device } = world;
        const folder = join(lab.folder, "unconfirmed");
        const [shut, tried] = [join(folder, "shut"), join(folder, "tried")];
        mkdirSync(folder);
        writeFileSync(shut, "");
        // No new connection while that file is there; the one of the update goes on.
        const refusing = `#!/bin/sh
[ -e "${shut}" ] && case "$*" in *ControlPath=none*) : >"${tried}"; exit 255 ;; esac
exec /usr/bin/ssh "$@"
`;
        writeFileSync(join(folder, "ssh"), refusing, { mode: 0o755 });
        const enter = `exec nsenter --net=/run/netns/${operator.namespace} -- pulumi "$@"`;
        stack.interpose("pulumi", `PATH="${folder}:\${PATH#*:}"; export PATH; ${enter}`);
        stack.declare({ peers: [{ ...PEERS[0]!, routes: [ROUTE] }], services: [], grants: [], confirmTimeout: 900 });
        const update = during("an update that cannot be confirmed", () =>
            stack.fail(["up", "--yes", "--skip-preview"]),
        );
        const pending = `test -d ${stack.place("etc")}/pending`;
        // The change is made, and the update has begun to look for a new connection.
        await Promise.race([update, isThere(tried)]);
        expect((await vm.exec(pending)).code).toBe(0);
        expect(await peersOnTheWire()).toEqual([`10.8.0.2/32 ${ROUTE}`]);

        await vm.reboot();
        expect((await vm.exec(pending)).code).toBe(1);
        expect(await peersOnTheWire()).toEqual(["10.8.0.2/32"]);
        expect(await vm.run(`ip route show dev ${device}`)).not.toContain(ROUTE);
        expect(await vm.run("nft list ruleset")).not.toContain("10.8.0.3 .");
        await calledAgain(1);
        rmSync(shut);
        expect(await update).toContain("was not confirmed in time and was rolled back");
        stack.liveIn(operator);
        await stack.up();
        expect(await peersOnTheWire()).toEqual([`10.8.0.2/32 ${ROUTE}`]);
        await stack.refresh("--expect-no-changes");
    });
}

async function isThere(file: string): Promise<void> {
    while (!existsSync(file)) await setTimeout(200);
}
