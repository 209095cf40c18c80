import { secondInterface } from "../keys/epochs.js";

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
                ...TRIED_FOR_EVER,
            },
            Service: {
                // Ready is said when the interface is filled, and nobody who waits for it is earlier.
                Type: "notify",
                NotifyAccess: "all",
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
                // Cloud images bring up the network before sysinit.target, after which units start by default.
                DefaultDependencies: "no",
                Conflicts: "shutdown.target",
                Wants: "network-pre.target",
                Before: `network-pre.target shutdown.target ${wireguard} ${second}`,
                // Distributions flush all tables when they restart or reload nftables.service; ours is loaded again with it.
                After: "local-fs.target nftables.service",
                PartOf: "nftables.service",
                ReloadPropagatedFrom: "nftables.service",
            },
            Service: {
                Type: "oneshot",
                RemainAfterExit: "yes",
                ExecStart: program("boot-firewall"),
                ExecReload: program("reload-firewall"),
            },
            Install: { WantedBy: "multi-user.target" },
        }),
        [wireguard]: forInterface(args.interface),
        // Of the other key while the relay's is rotated, and of every even epoch.
        [second]: forInterface(secondInterface(args.interface)),
        [`${name}-watch.service`]: unit({
            Unit: {
                Description: `What happens on relay ${name} while nobody applies`,
                After: `${firewall} ${wireguard} ${second}`,
                ...TRIED_FOR_EVER,
            },
            // Whoever ends it by hand has not changed the relay.
            Service: { Type: "exec", ExecStart: program("watch"), Restart: "always", RestartSec: "1" },
            Install: { WantedBy: "multi-user.target" },
        }),
        [`${name}-proxy.service`]: unit({
            Unit: {
                Description: `TLS proxy of relay ${name}`,
                Requires: firewall,
                After: `${firewall} ${wireguard} ${second}`,
                ...TRIED_FOR_EVER,
            },
            Service: {
                Type: "exec",
                ExecStart: program("boot-proxy"),
                Restart: "always",
                RestartSec: "1",
                // Nothing of what root may do but to read its files and to bind a port.
                CapabilityBoundingSet: "CAP_NET_BIND_SERVICE",
                NoNewPrivileges: "yes",
                ProtectSystem: "strict",
                // Not the program for boots, which root runs.
                ReadWritePaths: `-${etc}/caddy ${run}`,
                ProtectHome: "yes",
                PrivateTmp: "yes",
                PrivateDevices: "yes",
                ProtectClock: "yes",
                ProtectHostname: "yes",
                ProtectKernelTunables: "yes",
                ProtectKernelModules: "yes",
                ProtectKernelLogs: "yes",
                ProtectControlGroups: "yes",
                RestrictNamespaces: "yes",
                RestrictRealtime: "yes",
                RestrictSUIDSGID: "yes",
                SystemCallArchitectures: "native",
                SystemCallFilter: "@system-service",
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

/** By default a unit that failed five times within ten seconds is given up until somebody looks. */
const TRIED_FOR_EVER = { StartLimitIntervalSec: "0" };

function unit(sections: Record<string, Record<string, string>>): string {
    return Object.entries(sections)
        .map(([section, settings]) => {
            const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
            return `[${section}]\n${lines.join("")}`;
        })
        .join("\n");
}
