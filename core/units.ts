import { secondInterface } from "./epochs.js";

/**
 * systemd units of one relay, ordered so that a boot fails closed: the table before the interface, forwarding as
 * the interface's last step, the proxy after both. Each starts the relay's program with the files of the last apply.
 */
export function renderUnits(args: {
    name: string;
    etc: string;
    run: string;
    interface: string;
}): Record<string, string> {
    const { name, etc, run } = args;
    const program = (mode: string, device?: string): string =>
        ["/bin/bash", `${etc}/program`, mode, etc, run, ...(device === undefined ? [] : [device])].join(" ");
    const firewall = `${name}-firewall.service`;
    const wireguard = `${name}-wireguard.service`;
    const second = `${name}-wireguard-b.service`;
    const forInterface = (device: string): string =>
        unit({
            Unit: {
                Description: `WireGuard interface ${device} of relay ${name}`,
                Requires: firewall,
                After: `${firewall} network-online.target`,
                Wants: "network-online.target",
            },
            Service: {
                Type: "exec",
                RemainAfterExit: "yes",
                ExecStart: program("boot-wireguard", device),
                ExecStopPost: `-/bin/sh -c 'ip link del dev ${device}'`,
                Restart: "on-failure",
                RestartSec: "1",
            },
            Install: { WantedBy: "multi-user.target" },
        });
    return {
        [firewall]: unit({
            Unit: {
                Description: `Default-deny table of relay ${name}`,
                Wants: "network-pre.target",
                Before: `network-pre.target ${wireguard} ${second}`,
                // Distributions flush all tables when they restart nftables.service; ours is loaded again with it.
                After: "nftables.service",
                PartOf: "nftables.service",
            },
            Service: { Type: "oneshot", RemainAfterExit: "yes", ExecStart: program("boot-firewall") },
            Install: { WantedBy: "multi-user.target" },
        }),
        [wireguard]: forInterface(args.interface),
        // Of the other key while the relay's is rotated, and of every even epoch.
        [second]: forInterface(secondInterface(args.interface)),
        [`${name}-proxy.service`]: unit({
            Unit: {
                Description: `TLS proxy of relay ${name}`,
                Requires: firewall,
                After: `${firewall} ${wireguard} ${second}`,
            },
            Service: {
                Type: "exec",
                ExecStart: program("boot-proxy"),
                Restart: "always",
                RestartSec: "1",
                NoNewPrivileges: "yes",
                ProtectSystem: "strict",
                ReadWritePaths: `${etc} ${run}`,
                ProtectHome: "yes",
                PrivateTmp: "yes",
                PrivateDevices: "yes",
                ProtectKernelTunables: "yes",
                ProtectKernelModules: "yes",
                ProtectControlGroups: "yes",
                RestrictNamespaces: "yes",
                RestrictAddressFamilies: "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
                MemoryDenyWriteExecute: "yes",
                LockPersonality: "yes",
                UMask: "0077",
            },
            Install: { WantedBy: "multi-user.target" },
        }),
    };
}

/** What renews certificates on a relay that was left an authority for that: every day, also after one that it was off. */
export function renderRenewalUnits({
    name,
    etc,
    run,
}: {
    name: string;
    etc: string;
    run: string;
}): Record<string, string> {
    return {
        [`${name}-renewal.service`]: unit({
            Unit: { Description: `Renewal of the certificates of relay ${name}`, After: `${name}-proxy.service` },
            Service: {
                Type: "oneshot",
                ExecStart: `/bin/bash ${etc}/program renew ${etc} ${run}`,
                NoNewPrivileges: "yes",
                ProtectHome: "yes",
                PrivateTmp: "yes",
                UMask: "0077",
            },
        }),
        [`${name}-renewal.timer`]: unit({
            Unit: { Description: `When the certificates of relay ${name} are looked at` },
            Timer: { OnCalendar: "daily", Persistent: "yes", RandomizedDelaySec: "1h" },
            Install: { WantedBy: "timers.target" },
        }),
    };
}

function unit(sections: Record<string, Record<string, string>>): string {
    return Object.entries(sections)
        .map(([section, settings]) => {
            const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
            return `[${section}]\n${lines.join("")}`;
        })
        .join("\n");
}
