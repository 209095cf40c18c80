import { during } from "../lab/progress.js";
import { expectClosed, expectService, ECHO, GRANTS, privateKeyOf, SERVICES, step, unit, world } from "./world.js";

/** The first update of a machine that was just made, and is at upgrading itself. */
export function setUp(): void {
    step("is set up from bare, by what the package manager installs once others are done with it", async () => {
        const { vm, stack, device } = world;
        expect((await vm.exec("command -v wg nft ip curl")).stdout).toBe("");
        await holdAptLocks();
        const output = "/run/qp-tunnel.work.*/packages";
        const up = during("the first update", () => stack.up());
        const waits = async (lock: string): Promise<void> => vm.until(`grep -qs 'lock ${lock}' ${output}`);
        // An update that fails says why at once.
        await Promise.race([up, waits("/var/lib/apt/lists/lock")]);
        await vm.run("touch /run/may-update");
        await Promise.race([up, waits("/var/lib/dpkg/lock-frontend")]);
        expect((await vm.exec("command -v wg nft")).stdout).toBe("");
        await vm.run("touch /run/may-install");
        await up;
        expect(await vm.run("dpkg-query --show --showformat '${Status}' netbase")).toBe("install ok installed");

        const { "relay-host": host } = await stack.state();
        expect(host?.outputs).toMatchObject({ wireguard: "kernel", supervisor: "systemd" });
        expect((await vm.exec("command -v wireguard-go")).stdout).toBe("");
        expect(await vm.run(`ip -o link show type wireguard dev ${device}`)).toContain(device);
        await stack.refresh("--expect-no-changes");
    });
}

/** Two runs of apt hold a lock each until they are told to go on: that of the package lists, and that of dpkg. */
async function holdAptLocks(): Promise<void> {
    const { vm } = world;
    const waitFor = (lock: string, sign: string): string =>
        `touch /run/holds-${lock}; until [ -e /run/${sign} ]; do sleep 1; done`;
    await vm.run(`apt-get -qq update
        systemd-run --quiet --unit=upgrade apt-get -y -o 'DPkg::Pre-Invoke::=${waitFor("dpkg", "may-install")}' install netbase
        systemd-run --quiet --unit=lists apt-get -o 'APT::Update::Pre-Invoke::=${waitFor("lists", "may-update")}' update`);
    await vm.until("[ -e /run/holds-dpkg ] && [ -e /run/holds-lists ]");
}

export function serves(): void {
    step("serves a peer over post-quantum TLS, from a unit that may do little", async () => {
        const { lab, vm, stack } = world;
        const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
        for (const name of ["alice", "bob"] as const)
            await lab.node(name).wgQuickUp(configs[name]!, lab.interface(name), privateKeyOf(name));
        await lab.node("bob").httpServer(3000, "hello");
        await lab.node("bob").udpEcho(ECHO);
        stack.declare({ services: SERVICES, grants: GRANTS });
        await during("an update", () => stack.up());
        await expectService();
        await expectClosed();
        const pid = (await vm.run(`systemctl show --property=MainPID --value ${unit("proxy")}`)).trim();
        expect(await vm.run(`grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/${pid}/status`)).toMatch(
            /CapEff:\s+0000000000000400\nNoNewPrivs:\s+1\nSeccomp:\s+2/,
        );
    });
}

export function leavesNothing(): void {
    step("leaves nothing", async () => {
        const { vm, stack } = world;
        await stack.destroy();
        expect(await vm.run("systemctl list-units --all --no-legend --plain 'qp-tunnel*'")).toBe("");
        expect(await vm.run("systemctl list-unit-files --no-legend 'qp-tunnel*' || true")).toBe("");
        const places = ["/etc", "/etc/systemd", "/run", "/usr/local/lib"];
        expect(await vm.run(`find ${places.join(" ")} -name '*qp-tunnel*' -not -path '/run/systemd/*'`)).toBe("");
        expect(await vm.run("nft list tables; ip -o link show type wireguard; pgrep -l caddy || true")).toBe("");
    });
}
