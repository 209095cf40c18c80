import { parseSshKeyText } from "../../../../core/approval/sshKey.js";
import { joinBytes, sshField, toBase64 } from "../../../../core/approval/sshWire.js";

const key = (type: string, ...parts: (string | Uint8Array)[]) =>
    parseSshKeyText(type, toBase64(joinBytes(...[type, ...parts].map(sshField)))).key;
const modulus = (bits: number): Uint8Array => {
    const bytes = new Uint8Array(bits / 8 + 1).fill(0xff);
    bytes[0] = 0;
    return bytes;
};
const point = (length: number): Uint8Array => new Uint8Array(length).fill(4);

it("reads every kind of key", () => {
    expect(key("ssh-ed25519", point(32))).toEqual({ kind: "ed25519", point: point(32) });
    expect(key("sk-ssh-ed25519@openssh.com", point(32), "ssh:")).toMatchObject({ kind: "ed25519", application: "ssh:" });
    expect(key("ecdsa-sha2-nistp256", "nistp256", point(65))).toMatchObject({ kind: "ecdsa", curve: "nistp256" });
    expect(key("sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", point(65), "ssh:")).toMatchObject({ application: "ssh:" });
    expect(key("ssh-rsa", Uint8Array.of(1, 0, 1), modulus(2048))).toMatchObject({ kind: "rsa" });
}); // prettier-ignore

it("refuses what it cannot check signatures with", () => {
    expect(() => key("ssh-ed25519", point(31))).toThrow("has 31 bytes where 32 are expected");
    expect(() => key("ssh-ed25519", point(32), "more")).toThrow("more bytes follow");
    expect(() => key("ecdsa-sha2-nistp256", "nistp384", point(65))).toThrow("its curve is not the one of its type");
    expect(() => key("ecdsa-sha2-nistp256", "nistp256", new Uint8Array(65))).toThrow("uncompressed");
    expect(() => key("ssh-rsa", Uint8Array.of(3), modulus(1024))).toThrow("1024 bits");
    expect(() => key("ssh-dss", "x")).toThrow("not supported");
    expect(() => parseSshKeyText("ssh-ed25519", "AAAA")).toThrow("its bytes end too early");
});
