import { renderRenewalUnits, renderUnits } from "../../../../core/units/index.js";

const units = renderUnits({
    name: "qp-tunnel-wg0",
    etc: "/etc/qp-tunnel-wg0",
    run: "/run/qp-tunnel-wg0",
    interface: "wg0",
});

describe("the systemd units of a relay", () => {
    it("are five", () => {
        expect(Object.keys(units)).toEqual([
            "qp-tunnel-wg0-firewall.service",
            "qp-tunnel-wg0-wireguard.service",
            "qp-tunnel-wg0-wireguard-b.service",
            "qp-tunnel-wg0-watch.service",
            "qp-tunnel-wg0-proxy.service",
        ]);
    });

    it("load the table before the network is up, and again with nftables.service", () => {
        expect(units["qp-tunnel-wg0-firewall.service"]).toBe(`[Unit]
Description=Default-deny table of relay qp-tunnel-wg0
DefaultDependencies=no
Conflicts=shutdown.target
Wants=network-pre.target
Before=network-pre.target shutdown.target qp-tunnel-wg0-wireguard.service qp-tunnel-wg0-wireguard-b.service
After=local-fs.target nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/bash /etc/qp-tunnel-wg0/program boot-firewall /etc/qp-tunnel-wg0 /run/qp-tunnel-wg0
ExecReload=/bin/bash /etc/qp-tunnel-wg0/program reload-firewall /etc/qp-tunnel-wg0 /run/qp-tunnel-wg0

[Install]
WantedBy=multi-user.target
`);
    });

    it("bring up the interface only with its table", () => {
        expect(units["qp-tunnel-wg0-wireguard.service"]).toBe(`[Unit]
Description=WireGuard interface wg0 of relay qp-tunnel-wg0
Requires=qp-tunnel-wg0-firewall.service
After=qp-tunnel-wg0-firewall.service network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
RemainAfterExit=yes
ExecStart=/bin/bash /etc/qp-tunnel-wg0/program boot-wireguard /etc/qp-tunnel-wg0 /run/qp-tunnel-wg0 wg0
ExecStopPost=-/bin/sh -c 'ip link del dev wg0'
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target
`);
    });

    it("serve last, and in a cage", () => {
        expect(units["qp-tunnel-wg0-proxy.service"]).toBe(`[Unit]
Description=TLS proxy of relay qp-tunnel-wg0
Requires=qp-tunnel-wg0-firewall.service
After=qp-tunnel-wg0-firewall.service qp-tunnel-wg0-wireguard.service qp-tunnel-wg0-wireguard-b.service
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=/bin/bash /etc/qp-tunnel-wg0/program boot-proxy /etc/qp-tunnel-wg0 /run/qp-tunnel-wg0
Restart=always
RestartSec=1
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=-/etc/qp-tunnel-wg0/caddy /run/qp-tunnel-wg0
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
MemoryDenyWriteExecute=yes
LockPersonality=yes
UMask=0077

[Install]
WantedBy=multi-user.target
`);
    });
});

it("the renewal of certificates is a timer that catches up", () => {
    const [etc, run] = ["/etc/qp-tunnel-wg0", "/run/qp-tunnel-wg0"];
    const renewal = renderRenewalUnits({ name: "qp-tunnel-wg0", etc, run });
    expect(renewal["qp-tunnel-wg0-renewal.service"]).toContain(
        "ExecStart=/bin/bash /etc/qp-tunnel-wg0/program renew /etc/qp-tunnel-wg0 /run/qp-tunnel-wg0\n",
    );
    expect(renewal["qp-tunnel-wg0-renewal.timer"]).toBe(`[Unit]
Description=When the certificates of relay qp-tunnel-wg0 are looked at

[Timer]
OnCalendar=daily
Persistent=yes
RandomizedDelaySec=1h

[Install]
WantedBy=timers.target
`);
});
