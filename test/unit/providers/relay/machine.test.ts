import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { RelayFolder } from "./shell.js";

let relay: RelayFolder;
beforeEach(() => (relay = new RelayFolder()));
afterEach(() => relay.remove());

/** A program of this name, first on the machine's PATH. */
function program(name: string, text: string): void {
    mkdirSync(join(relay.folder, "bin"), { recursive: true });
    writeFileSync(join(relay.folder, "bin", name), `#!/bin/bash\n${text}\n`);
    chmodSync(join(relay.folder, "bin", name), 0o755);
}

describe("the machine's own address", () => {
    /** `ip` with these answers. */
    const machine = (answers: { default4?: string; default6?: string; addresses4?: string; addresses6?: string }) => {
        const { default4 = "", default6 = "", addresses4 = "", addresses6 = "" } = answers;
        const script = `
            ip() {
                case "$*" in
                "-o -4 route show default") printf '%s' '${default4}' ;;
                "-o -6 route show default") printf '%s' '${default6}' ;;
                "-o -4 address show scope global dev "*) printf '%s' '${addresses4}' | grep "^[0-9]*: \${!#} " || true ;;
                "-o -6 address show scope global dev "*) printf '%s' '${addresses6}' | grep "^[0-9]*: \${!#} " || true ;;
                "-o -4 address show scope global") printf '%s' '${addresses4}' ;;
                "-o -6 address show scope global") printf '%s' '${addresses6}' ;;
                *) echo "unexpected: ip $*" >&2; exit 1 ;;
                esac
            }
            own_address`;
        return relay.run(script, { interface: "wg0" }).trim();
    };
    const four = "2: eth0    inet 192.0.2.7/24 brd 192.0.2.255 scope global eth0\\\n";
    const six = "2: eth0    inet6 2001:db8::7/64 scope global \\\n";
    const tunnel = "9: wg0    inet 10.8.0.1/24 scope global wg0\\\n10: wg0b    inet 10.8.0.1/32 scope global wg0b\\\n";

    it("is the one towards the default gateway, IPv4 first", () => {
        const other = "3: eth1    inet 198.51.100.9/24 scope global eth1\\\n";
        const answers = { default4: "default via 192.0.2.1 dev eth0", addresses4: tunnel + other + four };
        expect(machine({ ...answers, default6: "default via fe80::1 dev eth0", addresses6: six })).toBe("192.0.2.7");
    });

    it("is the IPv6 one of a machine that has no other, and one that stays", () => {
        const passing =
            "2: eth0    inet6 2001:db8::dead/64 scope global temporary dynamic \\\n" +
            "2: eth0    inet6 2001:db8::beef/64 scope global deprecated dynamic \\\n";
        const answers = { default6: "default via fe80::1 dev eth0 proto ra", addresses6: passing + six };
        expect(machine({ ...answers, addresses4: tunnel })).toBe("2001:db8::7");
    });

    it("is the first one where there is no gateway, and nothing where there is no address", () => {
        expect(machine({ addresses4: tunnel + four, addresses6: six })).toBe("192.0.2.7");
        expect(machine({ addresses6: six })).toBe("2001:db8::7");
        expect(machine({ addresses4: tunnel })).toBe("");
    });
});

describe("kernel settings that cannot be changed", () => {
    const settings = (folder: string, values: Record<string, string>): void => {
        for (const [name, value] of Object.entries(values)) {
            relay.write(`sys/net/ipv4/conf/${folder}/${name}`, `${value}\n`);
        }
    };
    const check = (): string => {
        const script = `sysctl_root=${relay.folder}/sys; can_set_sysctls() { false; }; check_sysctls; echo fine`;
        return relay.run(script, { interface: "wg0" });
    };
    const right = { forwarding: "1", rp_filter: "2", send_redirects: "0" };

    beforeEach(() => settings("all", { send_redirects: "0" }));

    it("are no trouble where new interfaces have what the relay needs, or its own has it", () => {
        settings("default", right);
        expect(check()).toBe("fine\n");
        settings("default", { ...right, forwarding: "0" });
        settings("wg0", right);
        expect(check()).toBe("fine\n");
    });

    it("are all named before anything is changed", () => {
        settings("default", { forwarding: "0", rp_filter: "2", send_redirects: "1" });
        settings("all", { send_redirects: "1" });
        expect(check).toThrow(
            "@refused\n kernel settings cannot be changed here: /proc/sys is read-only, as in a container\n" +
                " set net.ipv4.conf.default.forwarding=1 net.ipv4.conf.default.send_redirects=0 net.ipv4.conf.all.send_redirects=0 where the machine is started (docker run --sysctl KEY=VALUE), or make /proc/sys writable",
        );
    });

    it("are left alone when they are right, and named when one is not", () => {
        settings("eth0", { forwarding: "0" });
        const write = (value: string): string =>
            relay.run(
                `sysctl_root=${relay.folder}/sys; write_sysctl net/ipv4/conf/eth0/forwarding ${value}; echo fine`,
            );
        expect(write("0")).toBe("fine\n");
        expect(relay.run(`sysctl_root=${relay.folder}/sys; write_sysctl net/ipv4/conf/none/forwarding 1`)).toBe("");
        expect(write("1")).toBe("fine\n");
        expect(relay.read("sys/net/ipv4/conf/eth0/forwarding")).toBe("1\n");
    });
});

describe("a package manager's lock", () => {
    const install = (): string =>
        relay.run(
            `PATH=${relay.folder}/bin:$PATH; sleep() { :; }; install_with_manager ""; cat "${relay.folder}/calls"`,
        );

    it("is waited for, that of the lists and that of the packages", () => {
        program(
            "apt-get",
            `echo "$*" >>${relay.folder}/calls
            [[ $(wc -l <${relay.folder}/calls) -gt 2 ]] || { echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)" >&2; exit 100; }`,
        );
        const update = "-q -o DPkg::Lock::Timeout=300 update";
        expect(install().trim().split("\n")).toEqual([
            update,
            update,
            update,
            "-q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends wireguard-tools nftables iproute2 curl procps util-linux",
        ]);
    });

    it("is not waited for when the trouble is another one, or for ever", () => {
        program("apt-get", 'echo "E: Unable to locate package wireguard-tools" >&2; exit 100');
        expect(install).toThrow("the package manager failed: E: Unable to locate package wireguard-tools");
        program("apt-get", 'echo "E: Could not get lock /var/lib/dpkg/lock-frontend" >&2; exit 100');
        expect(() =>
            relay.run(`PATH=${relay.folder}/bin:$PATH; PACKAGE_LOCK_SECONDS=0; install_with_manager ""`),
        ).toThrow("the package manager failed: E: Could not get lock /var/lib/dpkg/lock-frontend");
    });
});

it("names what even reading a bundle needs", () => {
    expect(() => relay.run('has_command() { [[ "$1" != flock && "$1" != awk ]]; }; check_basics')).toThrow(
        "@refused\n missing on the relay: awk flock\n install awk, sed, coreutils and util-linux",
    );
});

describe("the kernel's part of the firewall", () => {
    const check = (): string =>
        relay.run(`PATH=${relay.folder}/bin:$PATH; unshare() { shift; "$@"; }; check_firewall_modules; echo fine`);

    it("is tried before anything is changed", () => {
        program("nft", "exit 0");
        expect(check()).toBe("fine\n");
    });

    it.each([
        ["*fib*|*masquerade*", "nft_fib_inet nft_masq"],
        ['"add table"*', "nf_tables"],
    ])("is named where it is missing: %s", (pattern, modules) => {
        program("nft", `case "$*" in ${pattern}) echo "No such file or directory" >&2; exit 1 ;; esac`);
        expect(check).toThrow(
            `@refused\n the kernel lacks modules that the firewall needs: ${modules}\n load these modules with modprobe, or start a kernel that has them\n`,
        );
    });
});
