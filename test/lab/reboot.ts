import type { LabNode } from "./node.js";
import { endWatcher } from "./watcher.js";

/** Where a relay keeps its files. */
export interface RelayPlace {
    etc: string;
    run: string;
    interface: string;
}

/**
 * What a power cut and a boot do to a relay without systemd: every process of it, its interface, its table and what is
 * in memory are gone, and what the boot files say is brought up, in the order of the units.
 */
export async function reboot(node: LabNode, place: RelayPlace): Promise<void> {
    const { etc, run, interface: device } = place;
    await powerCut(node, place);
    await node.run(["bash", `${etc}/program`, "boot-firewall", etc, run]);
    await node.run(["bash", "-c", START, "boot", `${etc}/program`, "boot-wireguard", etc, run, device]);
    await node.run(["bash", "-c", 'until [[ -f "$1" ]]; do sleep 0.05; done', "await", `${run}/${device}.ready`]);
    // Where no unit keeps the proxy, a supervisor does.
    await node.run(["bash", "-c", START, "boot", `${etc}/program`, "supervise-proxy", etc, run]);
    await node.run(["bash", "-c", START, "boot", `${etc}/program`, "watch", etc, run]);
    await node.run(["bash", "-c", 'until [[ -f "$1" ]]; do sleep 0.05; done', "await", `${run}/watch.pid`]);
}

/** Everything that a power cut ends, and nothing is started again. */
export async function powerCut(node: LabNode, { run, interface: device }: RelayPlace): Promise<void> {
    // First the watcher, which would start again what ends before it.
    await endWatcher(node, run);
    await node.run(["bash", "-c", POWER_CUT, "power-cut", run, device]);
}

const POWER_CUT = `
for file in "$1"/*.supervisor.pid "$1"/*.pid; do
    [[ ! -f "$file" ]] || kill -KILL "$(<"$file")" 2>/dev/null || true
done
until ! ip link show dev "$2" >/dev/null 2>&1; do ip link del dev "$2" 2>/dev/null || true; done
nft flush ruleset
rm -rf -- "$1" "/var/run/wireguard/$2.sock"`;

const START = 'setsid bash "$@" </dev/null >/dev/null 2>&1 &';
