// What a relay needs of its system. Only Linux machines are relays; elsewhere the list is empty.

import { existsSync } from "node:fs";
import { platform } from "node:os";

import { outputOf, which } from "./run.mjs";

/**
 * Commands by tool, with the name of the package in each distribution and the commands that are not there.
 *
 * @param {{ tests?: boolean }} options `tests`: with what only the laboratory needs, where machines are reached over SSH
 */
export async function systemTools({ tests = false } = {}) {
    if (platform() !== "linux") return [];
    const tools = [
        tool("wireguard-tools", ["wg", "wg-quick"]),
        tool("nftables", ["nft"]),
        tool("iproute2", ["ip", "ss"], { dnf: "iproute" }),
        tool("util-linux", ["unshare", "nsenter", "setsid", "flock"]),
        tool("procps", ["sysctl"], { dnf: "procps-ng", pacman: "procps-ng" }),
        tool("ping", ["ping"], { "apt-get": "iputils-ping", dnf: "iputils", pacman: "iputils", apk: "iputils" }),
        tool("openssh", ["ssh", "ssh-keygen"], {
            "apt-get": "openssh-client",
            dnf: "openssh-clients",
            apk: "openssh-client",
        }),
        tool("curl", ["curl"]),
        tool("openssl", ["openssl"]),
        ...(tests ? [tool("openssh-server", ["sshd"], { pacman: "openssh" }), tool("sudo", ["sudo"])] : []),
    ];
    // Where a distribution has no such package, its kernels have WireGuard.
    const wireguardGo = tool("wireguard-go", ["wireguard-go"], { dnf: undefined, pacman: undefined });
    return (await kernelHasWireGuard()) ? tools : [...tools, wireguardGo];
}

function tool(name, commands, names = {}) {
    const packages = Object.fromEntries(
        ["apt-get", "dnf", "pacman", "apk"].map((manager) => [manager, manager in names ? names[manager] : name]),
    );
    return { name, commands, packages, absent: commands.filter((command) => which(command) === undefined) };
}

/** Root can try it in a namespace that vanishes at once, which loads the module; others can only look. */
async function kernelHasWireGuard() {
    if (existsSync("/sys/module/wireguard")) return true;
    const [ip, unshare] = [which("ip"), which("unshare")];
    if (process.getuid() === 0 && ip !== undefined && unshare !== undefined) {
        return (await outputOf(unshare, ["-n", ip, "link", "add", "probe", "type", "wireguard"])) !== undefined;
    }
    return (await outputOf(which("modinfo") ?? "modinfo", ["-n", "wireguard"])) !== undefined;
}
