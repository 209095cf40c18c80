// What a relay needs of its system. Only Linux machines are relays; elsewhere the list is empty.

import { existsSync } from "node:fs";
import { platform } from "node:os";

import { outputOf, which } from "./run.mjs";

/**
 * Commands by tool, with the name of the package in each distribution and the commands that are not there.
 *
 * @param {{ only?: string[], tests?: boolean }} options `only`: names of tools, when not all are needed; `tests`: with
 *     what only the tests need
 */
export async function systemTools({ only, tests = false } = {}) {
    if (platform() !== "linux") return [];
    const isAsked = (name) => only?.includes(name) ?? true;
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
        // Login shells that are not of Bourne's kind.
        ...(tests ? [tool("fish", ["fish"]), tool("tcsh", ["tcsh"])] : []),
        // The tools of a small system.
        ...(tests ? [tool("busybox", ["busybox"])] : []),
        ...(tests && isAsked("python3") ? [await pythonTool()] : []),
    ].filter(({ name }) => isAsked(name));
    // Where a distribution has no such package, its kernels have WireGuard.
    const wireguardGo = tool("wireguard-go", ["wireguard-go"], { dnf: undefined, pacman: undefined });
    if (!isAsked("wireguard-go")) return tools;
    return (await kernelHasWireGuard()) ? tools : [...tools, wireguardGo];
}

/** Python with its venv module: the independent verifiers of logs are installed with it. */
async function pythonTool() {
    const python = tool("python3", ["python3"], { "apt-get": "python3-venv", pacman: "python" });
    const hasVenv = (await outputOf("python3", ["-c", "import ensurepip, venv"])) !== undefined;
    return hasVenv ? python : { ...python, absent: python.commands };
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
