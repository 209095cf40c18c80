import { randomBytes } from "node:crypto";

import fc from "fast-check";

import { fromQuickFile } from "../../../../core/adoption/fromQuick.js";
import { namePeers, slug } from "../../../../core/adoption/names.js";
import { isName } from "../../../../core/names.js";
import { generateKeyPair, publicKeyOf } from "../../../../core/keys.js";

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

describe("names of peers", () => {
    it.each([
        ["# alice\n", "", "alice"],
        ["### Client alice\n", "", "alice"],
        ["# BEGIN_PEER alice\n", "# END_PEER alice\n", "alice"],
        ["### begin alice ###\n", "### end alice ###\n", "alice"],
        ["# Client: alice (3fa85f64-5717)\n", "", "alice"],
        ["# Name = alice\n", "", "alice"],
        ["# friendly_name=alice\n", "", "alice"],
        ["# Peer alice\n", "", "alice"],
        ["# added 2021-03-04 for the new office\n# user: alice\n", "", "alice"],
        ["# Álice's phone\n", "", "Alices-phone"],
        ["# AddressMode: dual\n# 2021-03-04\n# alice\n", "", "alice"],
    ])("come from %j above", (above, below, name) => {
        const text = file(`\n${above}${peer(0)}${below}\n# Client: bob\n${peer(1)}`);
        expect(adopted(text).relay.peers.map((one) => one.name)).toStrictEqual([name, "bob"]);
    });

    it.each([
        `[Peer]\n# alice\nPublicKey = ${key(0)}\nAllowedIPs = 10.8.0.2/32\n`,
        `[Peer] # alice\nPublicKey = ${key(0)}\nAllowedIPs = 10.8.0.2/32\n`,
        `[peer]\npublickey=${key(0)} # alice\nallowedips=10.8.0.2\n`,
        `[Peer]\n  # Name: alice\n  PublicKey = ${key(0)}\n  AllowedIPs = 10.8.0.2/32\n`,
    ])("come from inside the block: %#", (block) => {
        expect(adopted(file(`\n${block}\n${peer(1)}`)).relay.peers.map((one) => one.name)).toStrictEqual([
            "alice",
            expect.stringMatching(/^peer-[0-9a-f]{8}$/),
        ]);
    });

    it("never come from settings or peers that were commented out", () => {
        const disabled = `# mallory\n# [Peer]\n# PublicKey = ${key(5)}\n# AllowedIPs = 10.8.0.9/32\n`;
        const { relay } = adopted(file(`${peer(0)}\n${disabled}\n${peer(1)}`));
        expect(relay.peers.map((one) => one.name)).toStrictEqual([
            expect.stringMatching(/^peer-/),
            expect.stringMatching(/^peer-/),
        ]);
        expect(relay.left).toContain("1 peer was switched off with comment signs and is left out");
    });

    it("are names that a Relay takes, each once without regard to case, whatever is written", () => {
        fc.assert(
            fc.property(
                fc.array(
                    fc.array(
                        fc.oneof(fc.string(), fc.constantFrom("get", "Alice", "alice", "Name = x", "name: apply")),
                    ),
                    { maxLength: 12 },
                ),
                (written) => {
                    const names = namePeers(written.map((comments, index) => ({ comments, publicKey: key(index) })));
                    expect(names.filter((name) => !isName(name))).toStrictEqual([]);
                    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
                },
            ),
        );
        expect(slug("  Jürgen's  Büro / 2nd ")).toBe("Jurgens-Buro-2nd");
    });
});

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

    it("has the smallest network around everybody when the address was a single one", () => {
        const { relay } = adopted(file(`${peer(0)}${peer(9)}`, "Address = 10.8.0.1/32\nListenPort = 51820\n"));
        expect(relay.subnet).toBe("10.8.0.0/28");
        expect(relay.left).toStrictEqual(["Address 10.8.0.1/32 becomes 10.8.0.1/28, a network that holds every peer"]);
    });

    it.each([
        [
            "PostUp = iptables -A FORWARD -i %i -j ACCEPT\n",
            "",
            /^PostUp = iptables .*: not run any more; who may reach whom is said by `grants`$/,
        ],
        [
            "PostDown = iptables -t nat -D POSTROUTING -o eth0 -j MASQUERADE\n",
            "",
            /^PostDown .*only towards its `routes`/,
        ],
        [
            "PostUp = wg set wg0 peer x preshared-key <(echo " + PSK + ")\n",
            "",
            /\(echo \[key\]\): not run any more; put it into/,
        ],
        ["DNS = 1.1.1.1\n", "", /^DNS = 1\.1\.1\.1 set the machine's own resolver/],
        ["Table = off\n", "", /^Table = off: a Relay puts/],
        ["FwMark = 0x51\n", "", /^FwMark = 0x51: stays/],
        ["SaveConfig = true\n", "", /^SaveConfig = true: wg-quick would write/],
        ["", "Endpoint = 203.0.113.9:51820\n", /^p had Endpoint = 203\.0\.113\.9:51820: a relay waits/],
        ["", "PersistentKeepalive = 25\n", /^p had PersistentKeepalive = 25 on the relay/],
        ["", "AllowedIPs = 0.0.0.0/0\n", /^p had 0\.0\.0\.0\/0: a default route/],
        ["", "AllowedIPs = 10.8.0.128/25\n", /^p had 10\.8\.0\.128\/25, which overlaps the tunnel's own/],
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

    it("ends IPv6 in the tunnel where a peer has another place in it, and says so", () => {
        const decimal = peer(10, "AllowedIPs = 10.8.0.12/32, fd42:42:42::12/128\n");
        const { relay } = adopted(
            file(`${peer(0)}${decimal}`, "Address = 10.8.0.1/24, fd42:42:42::1/64\nListenPort = 51820\n"),
        );
        expect(relay.subnet6).toBeUndefined();
        expect(relay.left[0]).toBe(
            "IPv6 in the tunnel (fd42:42:42::1/64) ends: a peer has fd42:42:42::12, not fd42:42:42::c as the place of 10.8.0.12 asks; IPv4 addresses stay",
        );
    });

    it("names the file that a hook loads the key from", () => {
        const hook = "PostUp = wg set %i private-key /etc/wireguard/%i.key\n";
        const text = `[Interface]\nAddress = 10.8.0.1/24\nListenPort = 51820\n${hook}${peer(0)}`;
        expect(adopted(text).relay).toMatchObject({ privateKeyFile: "/etc/wireguard/wg0.key" });
        expect(adopted(text).relay.publicKey).toBeUndefined();
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
        ["one key twice", file(peer(0) + peer(0)), /has the public key of the \[Peer\] in line 5/],
        [
            "one address twice",
            file(`# a\n${peer(0)}# b\n${peer(1, "AllowedIPs = 10.8.0.2/32\n")}`),
            /b: has 10\.8\.0\.2, which a has as well/,
        ],
        ["no port", file(peer(0), "Address = 10.8.0.1/24\n"), /names no ListenPort/],
        ["no address", file(peer(0), "ListenPort = 51820\n"), /has no IPv4 address/],
        [
            "no key",
            `[Interface]\nAddress = 10.8.0.1/24\nListenPort = 1\n${peer(0)}`,
            /holds no PrivateKey, and no PostUp/,
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
