import { randomBytes } from "node:crypto";

import fc from "fast-check";

import { fromQuickFile } from "../../../../core/adoption/fromQuick.js";
import { namePeers, slug } from "../../../../core/adoption/names.js";
import { isName } from "../../../../core/names.js";
import { generateKeyPair } from "../../../../core/keys/index.js";

const beside = { subject: "wg0.conf", path: "/etc/wireguard/wg0.conf", interface: "wg0" };
const pair = () => generateKeyPair((length) => new Uint8Array(randomBytes(length)));
const KEYS = Array.from({ length: 12 }, pair);
const own = pair();
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

    it("belong to the peer they were written for: not a heading, not a peer that was commented out, not a tool's marker", () => {
        const text = file(
            [
                `\n# Road warriors\n[Peer]\n# alice\nPublicKey = ${key(0)}\nAllowedIPs = 10.8.0.2/32\n`,
                `\n#[Peer]\n## bob\n#PublicKey = ${key(9)}\n#AllowedIPs = 10.8.0.3/32\n`,
                `\n${peer(1)}`,
                `\n# -----------------------------\n# the laptop of dora, since 2022-05-01\n${peer(2)}`,
                `\n# Servers\n[Peer] # backup\nPublicKey = ${key(3)}\nAllowedIPs = 10.8.0.5/32\n`,
                `\n# BEGIN ANSIBLE MANAGED BLOCK\n${peer(4)}# END ANSIBLE MANAGED BLOCK\n`,
                `# BEGIN OF PEERS BLOCK MANAGED BY ANSIBLE\n[Peer] # Name = web-1\nPublicKey = ${key(5)}\nAllowedIPs = 10.8.0.7/32\n`,
            ].join(""),
        );
        const byKey = expect.stringMatching(/^peer-[0-9a-f]{8}$/);
        expect(adopted(text).relay.peers.map((one) => one.name)).toStrictEqual([
            ...["alice", byKey, byKey, "backup", byKey, "web-1"],
        ]);
    });

    it.each([
        ["### Client Мария", /^peer-/],
        ["# Name = Łukasz", /^Lukasz$/],
        ["# Client: Søren Groß (7)", /^Soren-Gross$/],
        ["# friendly_name = 事務所", /^peer-/],
        ["# Anna Мария", /^peer-/],
        // ISO 8859-1, read as UTF-8.
        ["# Ren\ufffd", /^peer-/],
    ])("in other letters are written in ASCII or left out, never in half: %s", (comment, name) => {
        expect(adopted(file(`\n${comment}\n${peer(0)}`)).relay.peers[0]?.name).toMatch(name);
    });

    it("stay with the peer whose block they stand in or under, and go to nobody where that cannot be told", () => {
        const [first, second] = ["AllowedIPs = 10.8.0.2/32\n", "AllowedIPs = 10.8.0.3/32\n"];
        const names = (text: string) =>
            adopted(file(text)).relay.peers.map((one) => one.name.replace(/-[0-9a-f]{8}$/, ""));
        // Between two settings of the first peer.
        expect(
            names(`[Peer]\nPublicKey = ${key(0)}\n# alice\n${first}[Peer]\nPublicKey = ${key(1)}\n${second}`),
        ).toStrictEqual(["alice", "peer"]);
        // Below each block.
        expect(names(`${peer(0, first)}# alice\n${peer(1, second)}# bob\n`)).toStrictEqual(["peer", "peer"]);
        // Below the first block, or a heading.
        expect(names(`${peer(0, first)}# alice\n\n${peer(1, second)}`)).toStrictEqual(["peer", "peer"]);
        // Of a peer that was commented out with its name behind the header.
        expect(names(`${peer(0, first)}\n#[Peer] # mallory\n#PublicKey = x\n${peer(1, second)}`)).toStrictEqual([
            "peer",
            "peer",
        ]);
    });

    it("are numbered so that no peer gets what is another one's name", () => {
        const named = (name: string, index: number) => `# ${name}\n${peer(index)}\n`;
        const text = file(`\n${named("alice", 0)}${named("alice", 1)}${named("alice-2", 2)}`);
        expect(adopted(text).relay.peers.map((one) => one.name)).toStrictEqual(["alice", "alice-3", "alice-2"]);
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
