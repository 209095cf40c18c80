import { randomBytes } from "node:crypto";

import type { Surroundings } from "../../../../core/adoption/surroundings.js";
import { fromQuickFile } from "../../../../core/adoption/fromQuick.js";
import { generateKeyPair } from "../../../../core/keys/index.js";

const pair = () => generateKeyPair((length) => new Uint8Array(randomBytes(length)));
const own = pair();
const [ALICE, BOB, EVE] = [pair(), pair(), pair()].map(({ publicKey }) => publicKey) as [string, string, string];
const PSK = Buffer.alloc(32, 7).toString("base64");

const text = (head: string, ...peers: string[]): string =>
    `[Interface]\nPrivateKey = ${own.privateKey}\nAddress = 10.8.0.1/24\n${head}${peers.join("\n")}`;
const block = (name: string, key: string, rest: string): string => `\n# ${name}\n[Peer]\nPublicKey = ${key}\n${rest}\n`;
const onWire = (publicKey: string, allowedIps: string[], presharedKey = "") => ({
    ...{ publicKey, presharedKey, allowedIps, endpoint: "" },
    ...{ latestHandshake: 0, received: 0, sent: 0, keepalive: 0 },
});

describe("an interface that can be looked at", () => {
    const beside = (changes: object = {}): Surroundings => ({
        subject: "wg0.conf",
        path: "/etc/wireguard/wg0.conf",
        interface: "wg0",
        live: {
            publicKey: own.publicKey,
            listenPort: 4500,
            mtu: 1380,
            forwards: false,
            peers: [onWire(ALICE, ["10.8.0.2/32", "192.168.7.0/24"], PSK), onWire(EVE, ["10.8.0.9/32"])],
            ...changes,
        },
    });
    const file = text(
        `MTU = 1420\nPostUp = wg set %i peer ${ALICE} preshared-key /root/hidden\n`,
        block("alice", ALICE, "AllowedIPs = 10.8.0.2"),
        block("bob", BOB, "AllowedIPs = 10.8.0.3/32"),
    );

    it("counts before the file, and every difference is said", () => {
        const { relay, presharedKeys } = fromQuickFile(file, beside());
        const eve = relay.peers[1]!.name;
        expect(relay).toMatchObject({ listenPort: 4500, mtu: 1380, forwards: false });
        expect(relay.peers).toStrictEqual([
            { name: "alice", publicKey: ALICE, address: "10.8.0.2", routes: ["192.168.7.0/24"], preshared: true },
            {
                name: expect.stringMatching(/^peer-/),
                publicKey: EVE,
                address: "10.8.0.9",
                routes: [],
                preshared: false,
            },
        ]);
        expect(presharedKeys).toStrictEqual({ alice: PSK });
        expect(relay.left).toStrictEqual(
            expect.arrayContaining([
                "alice has the allowed IPs 10.8.0.2/32, 192.168.7.0/24 on wg0, and 10.8.0.2 in the file: those on wg0 are used",
                "bob is in the file but not on wg0, and is left out: add it if it belongs to the relay",
                expect.stringMatching(
                    `^${eve} \\(SHA256:\\S+, 10\\.8\\.0\\.9/32\\) is on wg0 but not in the file: it is listed`,
                ),
            ]),
        );
        expect(relay.left.join()).not.toContain(PSK);
    });

    it("has to have the file's key", () => {
        expect(() => fromQuickFile(file, beside({ publicKey: EVE }))).toThrow(
            `wg0.conf: has a different private key than wg0 (public key ${EVE})`,
        );
    });
});

it("reads what a script does that a hook runs, and does without one that cannot be read", () => {
    const script = `#! /bin/sh\n# wg set wg0 peer ${BOB} preshared-key /nowhere\nwg set wg0 \\\n  peer ${ALICE} \\\n  preshared-key /run/keys/alice\nwg set wg0 private-key <(cat /run/keys/wg0)\n`;
    const files: Record<string, string> = { "/store/up.sh": script, "/run/keys/alice": `${PSK}\n` };
    const head = "ListenPort = 51820\nPostUp = bash /store/up.sh; /store/other.sh\n";
    const whole = text(head, block("alice", ALICE, "AllowedIPs = 10.8.0.2/32")).replace(/PrivateKey.*\n/, "");
    const beside = {
        subject: "wg0.conf",
        path: "/etc/wireguard/wg0.conf",
        interface: "wg0",
        read: (name: string) => files[name],
    };
    const { relay, presharedKeys } = fromQuickFile(whole, beside);
    expect(presharedKeys).toStrictEqual({ alice: PSK });
    expect(relay.privateKeyFile).toBe("/run/keys/wg0");
});
