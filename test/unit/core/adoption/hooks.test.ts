import {
    keyFileIn,
    leftOut,
    limitsForwarding,
    presharedKeyFiles,
    setsUnknownPresharedKey,
} from "../../../../core/adoption/hooks.js";
import { parseQuickFile } from "../../../../core/adoption/wgQuick.js";

const KEY = `${"a".repeat(43)}=`;
const OTHER = `${"b".repeat(43)}=`;
const AROUND = { device: "wg0", path: "/etc/wireguard/wg0.conf" };
const file = (settings: string) => parseQuickFile(`[Interface]\n${settings}\n`, "wg0.conf");
const hooked = (...commands: string[]) => file(commands.map((command) => `PostUp = ${command}`).join("\n"));

it.each([
    ["wg set %i private-key /etc/wireguard/%i.key", "/etc/wireguard/wg0.key"],
    ["wg set %i private-key <(cat %i.key)", "/etc/wireguard/wg0.key"],
    ['wg set wg0 private-key "/root/key"', "/root/key"],
    ["ip link set wg0 up", undefined],
])("the private key that %s loads is in %s", (command, where) => {
    expect(keyFileIn(hooked(command), AROUND)).toBe(where);
});

it("what a script does that a hook runs counts as well, comments aside", () => {
    const read = (name: string): string | undefined =>
        name === "/etc/up.sh"
            ? "#!/bin/sh\n# wg set wg0 private-key /not/this\nwg set wg0 \\\n  private-key /root/key\n"
            : undefined;
    for (const command of ["/etc/up.sh", "bash -e /etc/up.sh", "true; sh '/etc/up.sh'"])
        expect(keyFileIn(hooked(command), { ...AROUND, read })).toBe("/root/key");
    expect(keyFileIn(hooked("/etc/other.sh"), { ...AROUND, read })).toBeUndefined();
    const binary = () => "\u007fELF private-key /not/this";
    expect(keyFileIn(hooked("/usr/bin/up"), { ...AROUND, read: binary })).toBeUndefined();
});

it("preshared keys that hooks set are found by peer, in a file or in the hook itself", () => {
    const both = hooked(
        `wg set %i peer ${KEY} preshared-key psk/%i peer ${OTHER} preshared-key <(echo '${KEY}')`,
        `wg set %i peer ${KEY.replace("a", "c")} endpoint 192.0.2.1:1`,
    );
    const found = presharedKeyFiles(both, AROUND);
    expect([...found]).toEqual([
        [KEY, { hook: "PostUp", file: "/etc/wireguard/psk/wg0" }],
        [OTHER, { hook: "PostUp", key: KEY }],
    ]);
    expect(setsUnknownPresharedKey(both, found, AROUND)).toBe(false);
    const loop = hooked("for p in $PEERS; do wg set wg0 peer $p preshared-key $p.psk; done");
    expect(setsUnknownPresharedKey(loop, presharedKeyFiles(loop, AROUND), AROUND)).toBe(true);
});

it.each([
    ["iptables -A FORWARD -i wg0 -o wg0 -j DROP", true],
    ["nft add rule inet x forward iifname wg0 reject", true],
    ["iptables -A FORWARD -i wg0 -j ACCEPT", false],
    ["iptables -A INPUT -j DROP", false],
])("%s limits the traffic between peers: %s", (command, limits) => {
    expect(limitsForwarding(hooked(command), undefined)).toBe(limits);
});

it("says of each hook that it is no longer run and what to do instead, and prints no secret", () => {
    expect(leftOut(hooked("iptables -t nat -A POSTROUTING -j MASQUERADE", `curl -H "Bearer abc" ${KEY}`))).toEqual([
        "PostUp = iptables -t nat -A POSTROUTING -j MASQUERADE: no longer run; a Relay uses NAT only towards its `routes`: list the networks that peers reach through it there, and grant them; there is no internet access through the relay",
        'PostUp = curl -H "Bearer [secret]" [key]: no longer run; if it is still needed, put it into the system\'s configuration, or into `setup` of the host',
        "rules that these commands added stay until the next boot or until you remove them: undo them by hand once the relay is adopted",
    ]);
    expect(leftOut(file("PreDown = ufw deny 1; sysctl net.ipv4.ip_forward=0"))[0]).toBe(
        "PreDown = ufw deny 1; sysctl net.ipv4.ip_forward=0: no longer run; a Relay enables forwarding for its own interfaces; allow the relay's UDP port once, in the firewall's own configuration",
    );
});

it.each([
    ["DNS = 10.8.0.1", /^DNS = 10\.8\.0\.1 set the machine's own resolver, which a relay does not change/],
    ["Table = off", /^Table = off: a Relay puts the networks behind its peers into the main routing table/],
    ["FwMark = 0xca6c", /^FwMark = 0xca6c: a Relay does not mark packets/],
    ["SaveConfig = true", /^SaveConfig = true: wg-quick would overwrite its file and restore removed peers/],
    ["#[Peer]\n\n#[Peer]", /^2 peers were switched off with comment signs and are left out$/],
    ["#[Peer]", /^1 peer was switched off with comment signs and is left out$/],
])("%j is said to be left out", (settings, sentence) => {
    expect(leftOut(file(settings))).toEqual([expect.stringMatching(sentence)]);
});

it("nothing is left out of settings without effect", () => {
    expect(leftOut(file("Table = auto\nFwMark = off\nSaveConfig = false\nDNS =\nPostUp =\nMTU = 1420"))).toEqual([]);
});
