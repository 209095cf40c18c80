import { randomBytes } from "node:crypto";

import fc from "fast-check";

import { fromQuickFile } from "../../../../core/adoption/fromQuick.js";
import { generateKeyPair, publicKeyOf } from "../../../../core/keys/index.js";

const beside = { subject: "wg0.conf", path: "/etc/wireguard/wg0.conf", interface: "wg0" };
const pair = () => generateKeyPair((length) => new Uint8Array(randomBytes(length)));
const KEYS = Array.from({ length: 12 }, pair);
const own = pair();
const PSK = Buffer.alloc(32, 7).toString("base64");
const key = (index: number): string => KEYS[index]!.publicKey;

const file = (peers: string, head = "Address = 10.8.0.1/24\nListenPort = 51820\n"): string =>
    `[Interface]\nPrivateKey = ${own.privateKey}\n${head}${peers}`;
const peer = (index: number, rest = `AllowedIPs = 10.8.0.${index + 2}/32\n`): string =>
    `[Peer]\nPublicKey = ${key(index)}\n${rest}`;
const adopted = (text: string) => fromQuickFile(text, beside);

describe("a relay from its wg-quick file", () => {
    it("is the same whichever way it is written", () => {
        const routes = fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 2 });
        const peers = fc.array(fc.record({ preshared: fc.boolean(), routes, style: fc.integer({ min: 0, max: 3 }) }), {
            minLength: 1,
            maxLength: 9,
        });
        fc.assert(
            fc.property(peers, fc.boolean(), fc.constantFrom("\n", "\r\n"), (list, six, newline) => {
                const expected = list.map(({ preshared, routes: behind }, index) => ({
                    name: `p${index}`,
                    publicKey: key(index),
                    address: `10.8.0.${index + 2}`,
                    routes: behind
                        .map((net) => `192.168.${net}.0/24`)
                        .filter((net, at, all) => at === all.indexOf(net) && index === 0)
                        .sort(),
                    preshared,
                }));
                const blocks = expected.map(({ name, publicKey, address, routes: behind, preshared }, index) => {
                    const ips = [
                        `${address}/32`,
                        ...(six ? [`fd42:42:42::${(index + 2).toString(16)}/128`] : []),
                        ...behind,
                    ];
                    const psk = preshared ? `PresharedKey = ${PSK}\n` : "";
                    return [
                        `\n# ${name}\n[Peer]\nPublicKey = ${publicKey}\n${psk}AllowedIPs = ${ips.join(", ")}\n`,
                        `\n# BEGIN_PEER ${name}\n[Peer]\n${psk}AllowedIPs = ${ips.join(",")}\nPublicKey = ${publicKey}\n# END_PEER ${name}\n`,
                        `[Peer]\n# Name = ${name}\nPublicKey=${publicKey}\n${psk}${ips.map((ip) => `AllowedIPs = ${ip}\n`).join("")}`,
                        `[PEER] # ${name}\nPUBLICKEY = ${publicKey}\n${psk}ALLOWEDIPS = ${ips.join(" , ")}\n`,
                    ][list[index]!.style]!;
                });
                const head = `Address = 10.8.0.1/24${six ? ", fd42:42:42::1/64" : ""}\nListenPort = 4500\nMTU = 1380\n`;
                const { relay, presharedKeys } = adopted(file(blocks.join(""), head).replaceAll("\n", newline));
                expect(relay).toStrictEqual({
                    interface: "wg0",
                    privateKeyFile: beside.path,
                    publicKey: own.publicKey,
                    listenPort: 4500,
                    mtu: 1380,
                    subnet: "10.8.0.0/24",
                    ...(six ? { subnet6: "fd42:42:42::/64" } : {}),
                    peers: expected,
                    services: [],
                    left: [],
                });
                expect(Object.keys(presharedKeys)).toStrictEqual(
                    expected.filter((one) => one.preshared).map(({ name }) => name),
                );
                expect(JSON.stringify(relay)).not.toContain(PSK);
            }),
        );
    });

    it("has a network with room for everybody when the address was a single one", () => {
        const { relay } = adopted(file(`${peer(0)}${peer(9)}`, "Address = 10.8.0.1\nListenPort = 51820\nMTU = 1420\n"));
        expect(relay.subnet).toBe("10.8.0.0/24");
        expect(relay.left).toStrictEqual(["Address 10.8.0.1/32 becomes 10.8.0.1/24, a network that holds every peer"]);
    });

    it.each([
        [
            "PostUp = iptables -A FORWARD -i %i -j ACCEPT\n",
            "",
            /^PostUp = iptables .*: no longer run; access rules are in `grants`$/,
        ],
        [
            "PostDown = iptables -t nat -D POSTROUTING -o eth0 -j MASQUERADE\n",
            "",
            /^PostDown .*only towards its `routes`/,
        ],
        [
            `PostUp = wg set wg0 peer ${key(0)} preshared-key <(echo ${PSK})\n`,
            "",
            /\(echo \[key\]\): no longer run; the preshared key is the peer's `presharedKey`/,
        ],
        [
            'PostUp = curl -H "Authorization: Bearer abc123" https://hooks.example.org/up\n',
            "",
            /Bearer \[secret\]" https:\/\/hooks\.example\.org\/up: no longer run/,
        ],
        ["PreUp = sysctl -w net.ipv4.ip_forward=1\n", "", /: no longer run; a Relay enables forwarding for/],
        [
            "PostUp = iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to 10.8.0.2; iptables -t nat -A POSTROUTING -j MASQUERADE\n",
            "",
            /only towards its `routes`.*; a Relay blocks connections from outside into the tunnel.*a peer of its own, with a grant$/,
        ],
        ["DNS = 1.1.1.1\n", "", /^DNS = 1\.1\.1\.1 set the machine's own resolver/],
        ["Table = off\n", "", /^Table = off: a Relay puts/],
        ["FwMark = 0x51\n", "", /^FwMark = 0x51: a Relay does not mark packets, and the first `up` removes the mark/],
        ["SaveConfig = true\n", "", /^SaveConfig = true: wg-quick would overwrite/],
        ["", "Endpoint = 203.0.113.9:51820\n", /^p had Endpoint = 203\.0\.113\.9:51820: a relay does not initiate/],
        ["", "PersistentKeepalive = 25\n", /^p had PersistentKeepalive = 25 on the relay/],
        ["", "AllowedIPs = 0.0.0.0/0\n", /^p had 0\.0\.0\.0\/0: a default route/],
        ["", "AllowedIPs = 10.8.0.128/25\n", /^p had 10\.8\.0\.128\/25, which overlaps the tunnel's own/],
        [
            "",
            "AllowedIPs = 10.8.0.5/24\n",
            /^p had 10\.8\.0\.0\/24, which overlaps the tunnel's own network; a peer has single/,
        ],
        ["", "AllowedIPs = 10.8.0.1/32\n", /^p had 10\.8\.0\.1, the relay's own address: it is left out$/],
        ["", "AllowedIPs = 10.8.0.9/32\n", /^p had 10\.8\.0\.9 as well/],
        ["", "AllowedIPs = fd00::/64\n", /^p had fd00::\/64: without `subnet6`/],
    ])("says what becomes of %j%j", (setting, inPeer, sentence) => {
        const text = file(
            `# p\n${peer(0)}${inPeer}${peer(1)}`,
            `Address = 10.8.0.1/24\nListenPort = 51820\n${setting}`,
        );
        const { relay } = adopted(text);
        expect(relay.left).toContainEqual(expect.stringMatching(sentence));
        expect(relay.left.join()).not.toContain(PSK);
    });

    it("takes a peer whose address is outside of the tunnel for a network, and gives it one inside", () => {
        const outside = peer(0, "AllowedIPs = 10.6.0.9/32\n");
        const { relay } = adopted(
            file(`# p\n${outside}`, "Address = 10.187.23.1/24\nListenPort = 51820\nMTU = 1420\n"),
        );
        expect(relay.peers).toMatchObject([{ name: "p", routes: ["10.6.0.9/32"] }]);
        expect(relay.peers[0]).not.toHaveProperty("address");
        expect(relay.left).toStrictEqual([
            "p had no address in 10.187.23.0/24: it gets one, and its connections from other addresses end",
        ]);
    });

    it("ends IPv6 in the tunnel where a peer has another place in it, and says so", () => {
        const decimal = peer(10, "AllowedIPs = 10.8.0.12/32, fd42:42:42::12/128\n");
        const { relay } = adopted(
            file(`${peer(0)}${decimal}`, "Address = 10.8.0.1/24, fd42:42:42::1/64\nListenPort = 51820\n"),
        );
        expect(relay.subnet6).toBeUndefined();
        expect(relay.left[0]).toBe(
            "IPv6 in the tunnel (fd42:42:42::1/64) is not carried over: a peer has fd42:42:42::12, not fd42:42:42::c as the place of 10.8.0.12 asks; IPv4 addresses stay",
        );
    });

    it.each(["/etc/wireguard/%i.key", "%i.key", "<(cat /etc/wireguard/wg0.key)", '"/etc/wireguard/wg0.key"'])(
        "names the file that a hook loads the key from: %s",
        (source) => {
            const hook = `PostUp = wg set %i private-key ${source}\n`;
            const text = `[Interface]\nAddress = 10.8.0.1/24\nListenPort = 51820\n${hook}${peer(0)}`;
            expect(adopted(text).relay).toMatchObject({ privateKeyFile: "/etc/wireguard/wg0.key" });
            expect(adopted(text).relay.publicKey).toBeUndefined();
        },
    );

    it.each([
        [`wg set %i peer ${key(0)} preshared-key /etc/wireguard/p.psk`, "/etc/wireguard/p.psk"],
        [`wg set wg0 peer ${key(0)} preshared-key <(cat p.psk)`, "/etc/wireguard/p.psk"],
        [
            `wg set wg0 listen-port 51820 peer ${key(0)} persistent-keepalive 25 preshared-key "%i.psk"`,
            "/etc/wireguard/wg0.psk",
        ],
    ])("keeps a preshared key that a hook loads: %s", (hook, name) => {
        const text = file(`# p\n${peer(0)}`, `Address = 10.8.0.1/24\nListenPort = 51820\nPostUp = ${hook}\n`);
        const read = (path: string) => (path === name ? `${PSK}\n` : undefined);
        expect(fromQuickFile(text, { ...beside, read }).presharedKeys).toStrictEqual({ p: PSK });
        expect(() => adopted(text)).toThrow(
            `p: gets its preshared key from a hook (PostUp), from ${name}, which cannot`,
        );
    });

    it("refuses a hook that sets preshared keys in a way that cannot be read", () => {
        const hook = 'PostUp = for p in /etc/psk/*; do wg set %i peer "$(basename $p)" preshared-key $p; done\n';
        const text = file(peer(0), `Address = 10.8.0.1/24\nListenPort = 51820\n${hook}`);
        expect(() => adopted(text)).toThrow(/a hook sets a preshared key, but does not show for which peer/);
    });

    it("takes the interface's own MTU where the file has none, and says so where it is not known", () => {
        expect(fromQuickFile(file(peer(0)), { ...beside, mtu: 1380 }).relay).toMatchObject({ mtu: 1380, left: [] });
        expect(adopted(file(peer(0))).relay.left).toStrictEqual([expect.stringMatching(/^MTU is not in the file/)]);
    });

    it("says nothing of settings without a value, nor of endpoints that the file learned by saving itself", () => {
        const head = "Address = 10.8.0.1/24\nListenPort = 51820\nMTU = 1420\n";
        const empty = file(peer(0), `${head}PreUp = \nPostDown =\nDNS =\nTable = \nFwMark =\n`);
        expect(adopted(empty).relay.left).toStrictEqual([]);
        const saved = file(peer(0) + "Endpoint = 198.51.100.20:51820\n", `${head}SaveConfig = true\n`);
        expect(adopted(saved).relay.left).toStrictEqual([expect.stringMatching(/^SaveConfig = true:/)]);
    });

    it("takes the endpoint that an installer noted, and drops networks inside another one of the same peer", () => {
        const text = `# Do not alter\n# ENDPOINT 203.0.113.7\n${file(`${peer(0)}AllowedIPs = 192.168.0.0/16, 192.168.1.0/24\n`)}`;
        const { relay } = adopted(text);
        expect(relay.endpoint).toBe("203.0.113.7");
        expect(relay.peers[0]).toMatchObject({ routes: ["192.168.0.0/16"] });
    });

    it.each([
        ["nothing", "", /has no \[Interface\] section/],
        ["two interfaces", file(peer(0)) + file(peer(1)), /more than one \[Interface\]/],
        ["a line without a key", file(`${peer(0)}garbage\n`), /^wg0\.conf, line \d+: is not `Key = Value`/],
        [
            "a bad public key",
            file("[Peer]\nPublicKey = hunter2\nAllowedIPs = 10.8.0.2/32\n"),
            /\[Peer\] in line 5: is not a WireGuard public key/,
        ],
        ["one key twice", file(peer(0) + peer(0)), /has the same public key as the \[Peer\] in line 5/],
        [
            "one address twice",
            file(`# a\n${peer(0)}# b\n${peer(1, "AllowedIPs = 10.8.0.2/32\n")}`),
            /b: has 10\.8\.0\.2, which a has as well/,
        ],
        [
            "one address twice, written in two ways",
            file(`# a\n${peer(0)}# b\n${peer(1, "AllowedIPs = 10.8.0.2\n")}`),
            /b: has 10\.8\.0\.2, which a has as well; keep it only for the peer that uses it/,
        ],
        [
            "one network twice, written in two ways",
            file(`# a\n${peer(0)}AllowedIPs = 192.168.7.0/24\n# b\n${peer(1)}AllowedIPs = 192.168.7.9/24\n`),
            /b: has 192\.168\.7\.0\/24, which a has as well/,
        ],
        [
            "networks of two peers inside one another",
            file(`# hub\n${peer(0)}AllowedIPs = 192.168.0.0/16\n# lab\n${peer(1)}AllowedIPs = 192.168.30.0/24\n`),
            /lab: has 192\.168\.30\.0\/24, which overlaps 192\.168\.0\.0\/16 of hub; a Relay routes each network to one peer/,
        ],
        [
            "the broadcast address as a peer's",
            file(peer(1), "Address = 10.8.0.1/30\nListenPort = 1\n"),
            /has 10\.8\.0\.3, the broadcast address of 10\.8\.0\.0\/30/,
        ],
        [
            "the network's own address as a peer's",
            file(peer(1, "AllowedIPs = 10.8.0.0/32\n")),
            /has 10\.8\.0\.0, the network address of 10\.8\.0\.0\/24/,
        ],
        [
            "more peers than there is room for",
            file(peer(0) + peer(8), "Address = 10.8.0.1/30\nListenPort = 1\n"),
            /has 2 peers, and 10\.8\.0\.0\/30 has room for 1;/,
        ],
        [
            "the relay's own key as a peer's",
            file(`[Peer]\nPublicKey = ${own.publicKey}\nAllowedIPs = 10.8.0.2/32\n`),
            /has the relay's own public key; take it out/,
        ],
        ["a file of networkd", "[NetDev]\nName=wg0\nKind=wireguard\n", /is a configuration for systemd-networkd/],
        [
            "a file of RouterOS",
            "# RouterOS 7.15\n/interface wireguard\nadd name=wg1\n",
            /is a configuration for RouterOS/,
        ],
        ["another encoding", "\0[\0I\0", /is not a text file in UTF-8/],
        ["no port", file(peer(0), "Address = 10.8.0.1/24\n"), /has no ListenPort/],
        [
            "no address",
            file(peer(0), "ListenPort = 51820\n"),
            /has no IPv4 address.*for instance: Address = 10\.8\.0\.1\/24/,
        ],
        [
            "no key",
            `[Interface]\nAddress = 10.8.0.1/24\nListenPort = 1\n${peer(0)}`,
            /has no PrivateKey, and no PostUp/,
        ],
        [
            "a client",
            `[Interface]\nPrivateKey = ${own.privateKey}\nAddress = 10.8.0.2/32\n[Peer]\nPublicKey = ${key(0)}\nEndpoint = a:1\nAllowedIPs = 0.0.0.0/0\n`,
            /is a peer's configuration/,
        ],
        [
            "a relay in a peer's place",
            file(peer(8, "AllowedIPs = 10.8.0.1/32\n"), "Address = 10.8.0.2/24\nListenPort = 1\n"),
            /is not the first address of its network/,
        ],
    ])("refuses %s, without a key in its words", (_, text, words) => {
        expect(() => adopted(text)).toThrow(words);
        try {
            adopted(text);
        } catch (error) {
            expect(String(error)).not.toContain(own.privateKey);
            expect(String(error)).not.toContain("hunter2");
        }
    });

    it("takes any text or refuses it with our own words", () => {
        const line = fc.oneof(
            fc.string(),
            fc.constantFrom(
                "[Interface]",
                "[Peer]",
                `PublicKey = ${key(0)}`,
                "AllowedIPs = 10.8.0.2/32",
                "Address = 10.8.0.1/24",
                "ListenPort = 1",
                `PrivateKey = ${own.privateKey}`,
                "# a",
            ),
        );
        fc.assert(
            fc.property(fc.array(line), (lines) => {
                try {
                    adopted(lines.join("\n"));
                } catch (error) {
                    expect(error).toHaveProperty("fix");
                }
            }),
        );
        expect(publicKeyOf(own.privateKey)).toBe(own.publicKey);
    });
});
