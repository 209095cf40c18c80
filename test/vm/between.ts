import { during } from "../lab/progress.js";
import { ECHO, expectClosed, expectService, journal, privateKeyOf, step, table, unit, world } from "./world.js";

/** What other services of the machine do to a relay between two updates. */
export function between(): void {
    step("restores its table after `nft -f /etc/nftables.conf`, and peers' traffic goes on", async () => {
        const { lab, vm } = world;
        const probe = await lab.node("alice").probe("10.8.0.3", ECHO, 20, 60_000);
        await probe.answers(20);
        // Debian's own file: it begins with "flush ruleset".
        expect(await vm.run("cat /etc/nftables.conf")).toContain("flush ruleset");
        await vm.run("nft -f /etc/nftables.conf");
        await vm.until(`grep -q $'\\tguard_restore\\t' ${journal()}`);
        expect(await vm.run("nft list tables")).toBe(`table inet filter\ntable inet ${table()}\n`);
        await probe.answers(50);
        await probe.stop();
        await expectClosed();
        await expectService();
    });

    step("has its table again after a restart and a reload of nftables.service", async () => {
        const { vm } = world;
        await vm.run(`systemctl start nftables; systemctl restart ${unit("firewall")}`);
        for (const verb of ["restart", "reload"]) {
            await vm.run(`nft add table inet stranger; systemctl ${verb} nftables`);
            // systemctl waits for the other service's job, not for ours that follows.
            await vm.until(`[ "$(nft list tables)" = $'table inet filter\\ntable inet ${table()}' ]`);
            // The interface and the proxy went down with the table, and come back behind it: peers are called before Caddy listens.
            await vm.until("ss -H -ltn 'sport = :8443' | grep -q .");
            await expectService();
            await expectClosed();
        }
        // Ours go down with it, and nothing but a boot or an apply starts them together.
        await vm.run(`systemctl disable --now nftables; systemctl start ${unit("wireguard")} ${unit("proxy")}`);
    });

    step("keeps its interface over a restart of systemd-networkd, and what a rotation of its key routes", async () => {
        const { lab, vm, stack, device } = world;
        const former = await configOfAlice();
        stack.declare({ keyEpochs: [1, 2] });
        await during("an update that begins a rotation", () => stack.up());
        // What the relay did by itself is sealed with it.
        expect(stack.log().findLast(({ action }) => action === "guard_restore")?.message).toMatch(
            new RegExp(`^The table inet ${table()} was changed \\(it was gone\\) and was loaded again, on `),
        );
        const alice = lab.node("alice");
        const use = async (config: string): Promise<void> => {
            await alice.wgQuickDown(lab.interface("alice"));
            await alice.wgQuickUp(config, lab.interface("alice"), privateKeyOf("alice"));
        };
        await use(await configOfAlice());
        await vm.until(`nft list set inet ${table()}_epochs moved4 | grep -q 10.8.0.2`);
        const probe = await alice.probe("10.8.0.3", ECHO, 20, 60_000);
        const routing =
            "ip -4 rule show; ip route show table all | grep -v '^broadcast\\|^local' | sort; ip -o address show";
        const before = await vm.run(routing);
        expect(before).toMatch(/fwmark 0x1000000\/0x1000000 lookup/);
        expect(before).toContain(device);

        await vm.run("systemctl restart systemd-networkd");
        await vm.until("networkctl status eth0 | grep -q 'routable (configured)'");
        await vm.until("ip -4 rule show | grep -q 'fwmark 0x1000000/0x1000000'");
        expect(await vm.run(routing)).toBe(before);
        await probe.answers(50);
        await probe.stop();
        await expectService();

        // The rotation is called off: whoever had moved goes back.
        await use(former);
        stack.declare({ keyEpochs: [1] });
        await during("an update that calls the rotation off", () => stack.up());
        expect(await vm.run("ip -4 rule show")).not.toContain("fwmark");
        await expectService();
    });
}

async function configOfAlice(): Promise<string> {
    const { configs } = await world.stack.outputs<{ configs: { alice: string } }>();
    return configs.alice;
}
