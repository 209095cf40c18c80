import fc from "fast-check";

import { InvalidArgument } from "../../../../core/errors.js";
import { lastOf, listOf, parseQuickFile } from "../../../../core/adoption/wgQuick.js";

const read = (text: string) => parseQuickFile(text, "wg0.conf");

it("reads a file as wg-quick does: keys and sections in any case, comments and blanks anywhere", () => {
    const file = read(
        "# office\n[ INTERFACE ]\r\nAddress=10.8.0.1/24 # own\nADDRESS = fd00::1/64\n\n# alice\n[peer]\nAllowedIPs = 10.8.0.2/32, 10.9.0.0/16\nallowedips=fd00::2\n",
    );
    expect(file.settings.get("address")).toEqual(["10.8.0.1/24", "fd00::1/64"]);
    expect(file.comments).toEqual(["office"]);
    expect(file.peers).toMatchObject([{ line: 7, above: ["alice"], comments: [] }]);
    const [{ settings }] = file.peers as [(typeof file.peers)[number]];
    expect(listOf(settings, "allowedips")).toEqual(["10.8.0.2/32", "10.9.0.0/16", "fd00::2"]);
    expect(lastOf(settings, "allowedips")).toBe("fd00::2");
    expect([listOf(settings, "endpoint"), lastOf(settings, "endpoint")]).toEqual([[], undefined]);
});

it("a comment behind or between settings is the section's own", () => {
    const { peers } = read("[Interface]\n[Peer] # alice\n# her laptop\nPublicKey = x # hers\n");
    expect(peers[0]).toMatchObject({ above: [], comments: ["alice", "her laptop", "hers"] });
});

it("names below the blocks are not taken for the next block's", () => {
    const below =
        "[Interface]\n[Peer]\nPublicKey = x\n# alice\n\n[Peer]\nPublicKey = y\n# bob\n[Peer]\nPublicKey = z\n# carol\n";
    expect(read(below).peers.map(({ above }) => above)).toEqual([[], [], []]);
});

it.each([
    ["", "wg0.conf: has no [Interface] section; give a relay's file for wg-quick, like /etc/wireguard/wg0.conf"],
    ["[Interface]\n[interface]\n", "wg0.conf: has more than one [Interface] section"],
    [
        "[Interface]\n[Route]\n",
        "wg0.conf, line 2: begins a section that wg-quick does not know; correct it: wg-quick would refuse it too",
    ],
    ["MTU = 1\n[Interface]\n", "wg0.conf, line 1: is before any section"],
    ["[Interface]\nMTU 1420\n", "wg0.conf, line 2: is not `Key = Value`"],
    ["[Interface]\0", "wg0.conf: is not a text file in UTF-8; save it as UTF-8, the only encoding that wg-quick reads"],
    ["[NetDev]\nName=wg0\n", "wg0.conf: is a configuration for systemd-networkd, not for wg-quick"],
    ["/interface wireguard\nadd name=wg0\n", "is a configuration for RouterOS, not for wg-quick"],
    ["config interface 'wg0'\n", "is a configuration for OpenWrt (UCI), not for wg-quick"],
    ["{ config, pkgs, ... }:\n", "is a configuration for NixOS, not for wg-quick"],
])("%j is refused", (text, message) => {
    expect(() => read(text)).toThrow(message);
});

it("settings of any file come back as they were written, or the file is refused in our own words", () => {
    const word = fc.stringMatching(/^[A-Za-z]{1,8}$/);
    const value = fc.stringMatching(/^[A-Za-z0-9:.,/+=-]{1,20}$/);
    fc.assert(
        fc.property(fc.array(fc.tuple(word, value), { maxLength: 8 }), (pairs) => {
            const { settings } = read(`[Interface]\n${pairs.map(([key, text]) => `${key} = ${text}\n`).join("")}`);
            for (const [key] of pairs)
                expect(settings.get(key.toLowerCase())).toEqual(
                    pairs.filter(([other]) => other.toLowerCase() === key.toLowerCase()).map(([, text]) => text),
                );
        }),
    );
    fc.assert(
        fc.property(fc.string(), (text) => {
            try {
                read(text);
            } catch (error) {
                expect(error).toBeInstanceOf(InvalidArgument);
            }
        }),
    );
});
