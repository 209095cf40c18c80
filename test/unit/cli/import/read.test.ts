import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { readAdoption } from "../../../../cli/import/read.js";
import { generateKeyPair } from "../../../../core/keys/index.js";
import { scratchFolder } from "../scratch.js";
import { KEYS } from "../../providers/resources/relays.js";

const scratch = scratchFolder();
const own = generateKeyPair((length) => new Uint8Array(length).fill(7));
const QUICK = `[Interface]\nPrivateKey = ${own.privateKey}\nAddress = 10.8.0.1/24\nListenPort = 51820\n# alice\n[Peer]\nPublicKey = ${KEYS.alice}\nAllowedIPs = 10.8.0.2/32\n`;

it("a wg-quick file is read under its own name, or another one", () => {
    const path = scratch.write("wg7.conf", QUICK);
    expect(readAdoption(path, {}).relay).toMatchObject({
        interface: "wg7",
        privateKeyFile: path,
        peers: [{ name: "alice" }],
    });
    expect(readAdoption(path, { interface: "tun1", endpoint: "vpn.example.org" }).relay).toMatchObject({
        ...{ interface: "tun1", endpoint: expect.stringContaining("vpn.example.org") as string },
    });
});

it("a folder is its only .conf file", () => {
    scratch.write("wg0.conf", QUICK);
    scratch.write("notes.txt", "x");
    expect(readAdoption(scratch.path, {}).relay.interface).toBe("wg0");
    scratch.write("wg1.conf", QUICK);
    expect(() => readAdoption(scratch.path, {})).toThrow(
        `${scratch.path}: contains 2 .conf files; give the relay's file`,
    );
});

it("files that hooks name are read where they are small files", () => {
    const key = scratch.write("alice.psk", `${KEYS.carol}\n`);
    const hook = (file: string): string =>
        scratch.write(
            "wg0.conf",
            QUICK.replace("# alice", `PostUp = wg set %i peer ${KEYS.alice} preshared-key ${file}\n# alice`),
        );
    expect(readAdoption(hook(key), {}).presharedKeys).toEqual({ alice: KEYS.carol });
    for (const file of [scratch.path, "/dev/zero", "/nowhere"])
        expect(() => readAdoption(hook(file), {})).toThrow(`from ${file}, which cannot be read here`);
});

it.each<[string, () => string, string]>([
    [
        "nothing there",
        () => "/nowhere/wg0.conf",
        "/nowhere/wg0.conf: does not exist; give a wg-quick file, or the state directory of the shell tool",
    ],
    ["a device", () => "/dev/null", "/dev/null: is not a regular file; give a wg-quick file, or a folder with one"],
    [
        "a folder with nothing in it",
        () => scratch.path,
        "contains neither peers.json nor a .conf file; give the relay's file",
    ],
    ["a name that no interface has", () => scratch.write("a name that is too long.conf", QUICK), "--interface: "],
])("%s is refused", (_, path, message) => {
    expect(() => readAdoption(path(), {})).toThrow(message);
});

describe("the state directory of the shell tool", () => {
    const PEERS = {
        relay: { endpoint: "vpn.example.org:4500", public_key: own.publicKey, tunnel_ip: "10.8.0.1" },
        peers: [{ name: "alice", public_key: KEYS.alice, tunnel_ip: "10.8.0.5", status: "active" }],
        ip_pool: { subnet: "10.8.0.0/24" },
    };

    it("is read with the peers' preshared keys, the relay's key and the services", () => {
        scratch.write("peers.json", JSON.stringify(PEERS));
        scratch.write("relay.key", own.privateKey);
        mkdirSync(join(scratch.path, "peers/alice"), { recursive: true });
        mkdirSync(join(scratch.path, "peers/bob"));
        scratch.write("peers/alice/preshared.key", `${KEYS.carol}\n`);
        const { relay, presharedKeys } = readAdoption(scratch.path, { endpoint: "new.example.org" });
        expect(relay).toMatchObject({ publicKey: own.publicKey, endpoint: "new.example.org", listenPort: 4500 });
        expect(presharedKeys).toEqual({ alice: KEYS.carol });
        expect(relay.left.join()).not.toContain("does not exist");
    });

    it("without the relay's key says where it has to be", () => {
        scratch.write("peers.json", JSON.stringify(PEERS));
        expect(readAdoption(scratch.path, {}).relay.left[0]).toBe(
            `${join(scratch.path, "relay.key")} does not exist: store the relay's private key in it (\`wg show wg0 private-key\` on the relay), mode 0600`,
        );
    });

    it("that is damaged is named", () => {
        scratch.write("peers.json", "{");
        expect(() => readAdoption(scratch.path, {})).toThrow(
            `${join(scratch.path, "peers.json")}: is not JSON; restore it from a backup`,
        );
    });
});

it("a file that this user cannot read says who can", () => {
    const path = scratch.write("wg0.conf", QUICK);
    chmodSync(path, 0);
    const read = (): unknown => readAdoption(path, {});
    expect(process.getuid?.() === 0 ? asNobody(read) : read).toThrow(
        "run as the user that owns it (root, for /etc/wireguard), or give a copy that you own",
    );
});

/** Root can read everything: it is another user meanwhile. */
function asNobody(act: () => unknown): () => unknown {
    return () => {
        process.seteuid!(65_534);
        try {
            return act();
        } finally {
            process.seteuid!(0);
        }
    };
}
