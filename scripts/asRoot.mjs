// Network namespaces need root. Whoever is not root gets there by sudo; root itself needs none.

import { spawnSync } from "node:child_process";

/** What decides how a program runs and is not about who runs it: sudo takes everything else away. */
const KEPT = [
    ...["PATH", "CI", "SLOW", "NO_COLOR", "HTTPS_PROXY", "https_proxy", "GOPROXY", "GOFLAGS", "MIRROR"],
    ...["QPTUNNEL_CACHE", "QPTUNNEL_VM_RELEASE", "QPTUNNEL_VM_ACCELERATOR", "QPTUNNEL_REPORTS"],
];

/** Whether this process may make network namespaces. Elsewhere than on Linux nobody may. */
export function isRoot() {
    return process.platform !== "linux" || process.getuid?.() === 0;
}

/**
 * Runs a script of this repository again, as root.
 *
 * @param {string} script
 * @param {string[]} args
 * @param {string} command what a person types for it
 * @returns {number} what it ended with; 2 when there is no sudo
 */
export function asRoot(script, args, command) {
    console.error(
        `\`${command}\` makes network namespaces, WireGuard interfaces and firewall tables, so it needs root.`,
    );
    const kept = KEPT.filter((name) => process.env[name] !== undefined);
    console.error(
        `Running: sudo env ${kept.map((name) => `${name}="$${name}"`).join(" ")} node ${script} ${args.join(" ")}`.trimEnd(),
    );
    const settings = kept.map((name) => `${name}=${process.env[name]}`);
    const { status, error } = spawnSync("sudo", ["env", ...settings, process.execPath, script, ...args], {
        stdio: "inherit",
    });
    if (error === undefined) return status ?? 1;
    console.error(`sudo cannot be run (${error.message}): run \`${command}\` as root.`);
    return 2;
}
