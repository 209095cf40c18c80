import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { HostError } from "../../core/errors.js";

/** What carries WireGuard here: the kernel's module, or wireguard-go. */
export type Carrier = "kernel" | "wireguard-go";

/**
 * Finds out whether a laboratory can be built on this machine.
 *
 * @throws HostError naming everything that is missing, at once
 */
export function checkPrerequisites(): Carrier {
    if (process.geteuid?.() !== 0) {
        throw new HostError(
            "laboratory",
            "needs root, for network namespaces",
            "run it as root: sudo -E env PATH=$PATH npm test",
        );
    }
    const missing = Object.entries(PACKAGES).filter(([program]) => !onPath(program));
    const carrier = missing.length === 0 && kernelHasWireGuard() ? "kernel" : "wireguard-go";
    if (carrier === "wireguard-go" && !onPath("wireguard-go")) missing.push(["wireguard-go", "wireguard-go"]);
    if (missing.length > 0) {
        const packages = [...new Set(missing.map(([, name]) => name))].join(" ");
        throw new HostError(
            "laboratory",
            `${missing.map(([program]) => program).join(", ")} not found on PATH`,
            `install what is missing: apt-get install --no-install-recommends ${packages}`,
        );
    }
    if (carrier === "wireguard-go" && !existsSync("/dev/net/tun")) {
        throw new HostError(
            "laboratory",
            "the kernel has neither WireGuard nor /dev/net/tun",
            "load a module: modprobe wireguard, or modprobe tun",
        );
    }
    return carrier;
}

/** Programs, and Debian's packages that hold them. */
const PACKAGES = {
    ip: "iproute2",
    nft: "nftables",
    wg: "wireguard-tools",
    "wg-quick": "wireguard-tools",
    ping: "iputils-ping",
    bash: "bash",
    sysctl: "procps",
};

function onPath(program: string): boolean {
    return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
        try {
            accessSync(join(folder, program), constants.X_OK);
            return true;
        } catch {
            return false;
        }
    });
}

function kernelHasWireGuard(): boolean {
    try {
        execFileSync("unshare", ["-n", "ip", "link", "add", "probe", "type", "wireguard"], { stdio: "ignore" });
        return true;
    } catch {
        return false;
    }
}
