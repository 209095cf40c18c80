import { secondInterface } from "../keys/epochs.js";
import type { BootMode } from "../protocol/steps.js";

/** Whose units, and where its files are. */
interface UnitArgs {
    /** Of the relay, and of what is its own on the machine. */
    name: string;
    etc: string;
    run: string;
}

/**
 * systemd units of one relay, ordered so that a boot fails closed: the table before the interface, forwarding as
 * the interface's last step, the proxy after both. Each starts the relay's program with the files of the last apply.
 */
export function renderUnits(args: UnitArgs & { interface: string }): Record<string, string> {
    const { firewall, wireguard, second } = namesOf(args);
    return {
        [firewall]: firewallUnit(args),
        [wireguard]: interfaceUnit(args, args.interface),
        // Of the other key while the relay's is rotated, and of every even epoch.
        [second]: interfaceUnit(args, secondInterface(args.interface)),
        [`${args.name}-watch.service`]: watchUnit(args),
        [`${args.name}-proxy.service`]: proxyUnit(args),
    };
}

function namesOf({ name }: UnitArgs): { firewall: string; wireguard: string; second: string } {
    return {
        firewall: `${name}-firewall.service`,
        wireguard: `${name}-wireguard.service`,
        second: `${name}-wireguard-b.service`,
    };
}

function program({ etc, run }: UnitArgs, mode: BootMode, device?: string): string {
    return ["/bin/bash", `${etc}/program`, mode, etc, run, ...(device === undefined ? [] : [device])].join(" ");
}

function firewallUnit(args: UnitArgs): string {
    const { wireguard, second } = namesOf(args);
    return unit({
        Unit: {
            Description: `Default-deny table of relay ${args.name}`,
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
            ExecStart: program(args, "boot-firewall"),
            ExecReload: program(args, "reload-firewall"),
        },
        Install: { WantedBy: "multi-user.target" },
    });
}

function interfaceUnit(args: UnitArgs, device: string): string {
    const { firewall } = namesOf(args);
    return unit({
        Unit: {
            Description: `WireGuard interface ${device} of relay ${args.name}`,
            Requires: firewall,
            After: `${firewall} network-online.target`,
            Wants: "network-online.target",
            ...TRIED_FOR_EVER,
        },
        Service: {
            // The unit is ready once the interface is configured, so units after it start later.
            Type: "notify",
            NotifyAccess: "all",
            RemainAfterExit: "yes",
            ExecStart: program(args, "boot-wireguard", device),
            ExecStopPost: `-/bin/sh -c 'ip link del dev ${device}'`,
            Restart: "on-failure",
            RestartSec: "1",
        },
        Install: { WantedBy: "multi-user.target" },
    });
}

function watchUnit(args: UnitArgs): string {
    const { firewall, wireguard, second } = namesOf(args);
    return unit({
        Unit: {
            Description: `Watches relay ${args.name} between updates`,
            After: `${firewall} ${wireguard} ${second}`,
            ...TRIED_FOR_EVER,
        },
        // Stopping it by hand does not change the relay.
        Service: { Type: "exec", ExecStart: program(args, "watch"), Restart: "always", RestartSec: "1" },
        Install: { WantedBy: "multi-user.target" },
    });
}

function proxyUnit(args: UnitArgs): string {
    const { firewall, wireguard, second } = namesOf(args);
    return unit({
        Unit: {
            Description: `TLS proxy of relay ${args.name}`,
            Requires: firewall,
            After: `${firewall} ${wireguard} ${second}`,
            ...TRIED_FOR_EVER,
        },
        Service: {
            Type: "exec",
            ExecStart: program(args, "boot-proxy"),
            Restart: "always",
            RestartSec: "1",
            ...sandbox(args),
        },
        Install: { WantedBy: "multi-user.target" },
    });
}

/** Nothing of what root may do but to read the proxy's files and to bind a port. */
function sandbox({ etc, run }: UnitArgs): Record<string, string> {
    return {
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
    };
}

/** What renews certificates on a relay that was left an authority for that: every day, also after one that it was off. */
export function renderRenewalUnits({ name, etc, run }: UnitArgs): Record<string, string> {
    return {
        [`${name}-renewal.service`]: unit({
            Unit: { Description: `Renewal of the certificates of relay ${name}`, After: `${name}-proxy.service` },
            Service: {
                Type: "oneshot",
                ExecStart: program({ name, etc, run }, "renew"),
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

/** By default a unit that failed five times within ten seconds stays stopped until it is started by hand. */
const TRIED_FOR_EVER = { StartLimitIntervalSec: "0" };

function unit(sections: Record<string, Record<string, string>>): string {
    return Object.entries(sections)
        .map(([section, settings]) => {
            const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
            return `[${section}]\n${lines.join("")}`;
        })
        .join("\n");
}
