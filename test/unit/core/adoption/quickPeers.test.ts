import type { Fault } from "../../../../core/fault.js";
import { entriesOf, keysOf, refuseSharedAddresses } from "../../../../core/adoption/quickPeers.js";
import { parseQuickFile } from "../../../../core/adoption/wgQuick.js";
import { KEYS } from "../../providers/resources/relays.js";

const BESIDE = { subject: "wg0.conf", path: "/etc/wireguard/wg0.conf", interface: "wg0" };
const PSK = KEYS.dave;

/** What is taken of these peers, with what is left and what is wrong. */
function taken(peers: string, head = "", read?: (file: string) => string | undefined) {
    const faults: Fault[] = [];
    const left: string[] = [];
    const fault = (each: Fault): void => void faults.push(each);
    const file = parseQuickFile(`[Interface]\n${head}\n${peers}`, "wg0.conf");
    const keys = keysOf(file.peers, "wg0.conf", fault);
    const entries = entriesOf(file, keys, { ...BESIDE, read }, left, fault);
    return { entries, left, said: faults.map(({ path, problem, fix }) => `${path}: ${problem}; ${fix}`) };
}

it("a peer has the name and the key that the file gives it", () => {
    const { entries, said } = taken(
        `# alice\n[Peer]\nPublicKey = ${KEYS.alice}\nPresharedKey = ${PSK}\nAllowedIPs = 10.8.0.2/32, 10.9.0.0/16\n\n[Peer]\nPublicKey = ${KEYS.bob}\n`,
    );
    expect(said).toEqual([]);
    expect(entries).toMatchObject([
        { name: "alice", publicKey: KEYS.alice, allowed: ["10.8.0.2/32", "10.9.0.0/16"], inFile: PSK },
        { name: expect.stringMatching(/^peer-[0-9a-f]{8}$/), publicKey: KEYS.bob, allowed: [], inFile: undefined },
    ]);
});

it("keys that cannot be used, and a key that two have, are told with their lines", () => {
    const { said } = taken(
        `[Peer]\nPublicKey = short\n[Peer]\nPublicKey = ${KEYS.bob}\n[Peer]\nPublicKey = ${KEYS.bob}\n`,
    );
    expect(said[0]).toMatch(/^wg0\.conf, \[Peer\] in line 3: /);
    expect(said[1]).toBe("wg0.conf, [Peer] in line 7: has the same public key as the [Peer] in line 5; merge the two");
});

it("says of what a relay does not do for its peers who has to do it", () => {
    const peer = `# alice\n[Peer]\nPublicKey = ${KEYS.alice}\nEndpoint = 192.0.2.9:1\nPersistentKeepalive = 25\n`;
    expect(taken(peer).left).toEqual([
        "alice had Endpoint = 192.0.2.9:1: a relay does not initiate connections; let alice connect to the relay, with PersistentKeepalive = 25",
        "alice had PersistentKeepalive = 25 on the relay: it is switched off there; set it in alice's own file",
    ]);
    expect(taken(peer.replace("= 25", "= off"), "SaveConfig = true").left).toEqual([]);
});

describe("a preshared key that a hook sets", () => {
    const alice = `# alice\n[Peer]\nPublicKey = ${KEYS.alice}\n`;
    const hook = `PostUp = wg set %i peer ${KEYS.alice} preshared-key /root/psk`;

    it("is read where that is possible", () => {
        expect(taken(alice, hook, (file) => (file === "/root/psk" ? `${PSK}\n` : undefined)).entries[0]?.inFile).toBe(
            PSK,
        );
    });

    it("is missed where it is not: the program would cut the peer off", () => {
        expect(taken(alice, hook).said).toEqual([
            "wg0.conf, alice: gets its preshared key from a hook (PostUp), from /root/psk, which cannot be read here; add the line `PresharedKey = …` to its [Peer], with the key that `wg show INTERFACE preshared-keys` prints on the relay",
        ]);
    });

    it("of a peer that nobody can tell is told", () => {
        expect(taken(alice, "PostUp = wg set wg0 peer $P preshared-key $F").said).toEqual([
            "wg0.conf: a hook sets a preshared key, but does not show for which peer; add the line `PresharedKey = …` to the [Peer] and remove the hook from the copy that is imported",
        ]);
    });
});

it("an address or a network that two peers have is refused: WireGuard would silently give it to the last one", () => {
    const faults: string[] = [];
    const peer = (name: string, address: string, routes: string[] = []) => ({
        name,
        publicKey: "",
        address,
        routes,
        preshared: false,
    });
    refuseSharedAddresses(
        [
            peer("alice", "10.8.0.2", ["10.9.0.0/16"]),
            peer("bob", "10.8.0.2"),
            peer("carol", "10.8.0.4", ["10.9.0.0/16"]),
        ],
        "wg0.conf",
        ({ path, problem }) => void faults.push(`${path}: ${problem}`),
    );
    expect(faults).toEqual([
        "wg0.conf, bob: has 10.8.0.2, which alice has as well",
        "wg0.conf, carol: has 10.9.0.0/16, which alice has as well",
    ]);
});
