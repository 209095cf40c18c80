import { listenPortOf, mtuOf, presharedOf, privateKeyOf } from "../../../../core/adoption/settings.js";
import { parseQuickFile } from "../../../../core/adoption/wgQuick.js";
import { publicKeyOf } from "../../../../core/keys/index.js";

const KEY = Buffer.from([...Buffer.alloc(31, 8), 64]).toString("base64");
const file = (settings: string, peer = "") => parseQuickFile(`[Interface]\n${settings}\n[Peer]\n${peer}\n`, "wg0.conf");

it("keys are read, the last one counts, and none is none", () => {
    expect(privateKeyOf(file(`PrivateKey = ${"x".repeat(44)}\nPRIVATEKEY = ${KEY}`), "wg0.conf")).toBe(KEY);
    expect(publicKeyOf(KEY)).toHaveLength(44);
    expect(privateKeyOf(file(""), "wg0.conf")).toBeUndefined();
    expect(presharedOf(file("", `PresharedKey = ${KEY}`).peers[0]!, "alice")).toBe(KEY);
    expect(presharedOf(file("").peers[0]!, "alice")).toBeUndefined();
    // As `wg showconf` prints it where there is none.
    expect(presharedOf(file("", `PresharedKey = ${"A".repeat(43)}=`).peers[0]!, "alice")).toBeUndefined();
});

it("a key that is none is refused by its place, and not printed", () => {
    const secret = "a secret that is no key";
    for (const read of [
        () => privateKeyOf(file(`PrivateKey = ${secret}`), "wg0.conf"),
        () => presharedOf(file("", `PresharedKey = ${secret}`).peers[0]!, "wg0.conf, alice"),
    ]) {
        expect(read).toThrow(/^wg0\.conf(, alice)?: P\w+Key: /);
        expect(read).not.toThrow(secret);
    }
});

it.each([
    ["", "wg0.conf: has no ListenPort; add the one that `wg show wg0 listen-port` prints: ListenPort = 51820"],
    ["ListenPort = 0", 'wg0.conf: "0" is not a port; add the one that'],
    ["ListenPort = 65536", '"65536" is not a port'],
    ["ListenPort = 0x1F", '"0x1F" is not a port'],
])("%j has no port", (settings, message) => {
    expect(() => listenPortOf(file(settings), "wg0.conf", "wg0")).toThrow(message);
});

it("a port and an MTU within their bounds are taken", () => {
    expect(listenPortOf(file("ListenPort = 65535"), "wg0.conf", "wg0")).toBe(65535);
    expect(mtuOf(file("MTU = 1380"))).toBe(1380);
    for (const mtu of ["", "MTU = 575", "MTU = 9001", "MTU = 1380.5", "MTU = big"])
        expect(mtuOf(file(mtu))).toBeUndefined();
});
