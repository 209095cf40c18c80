import { spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseSshKeyText } from "../../../../core/approval/sshKey.js";
import { parseSshSignature, verifySshSignature } from "../../../../core/approval/sshSignature.js";
import { sshCrypto } from "../../../../providers/audit/sshCrypto.js";

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "qptunnel-ssh-"))));
afterAll(() => rmSync(folder, { recursive: true }));

function sshKeygen(args: string[], input = ""): string {
    const { status, stdout, stderr } = spawnSync("ssh-keygen", args, { input, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return stdout;
}

test.each([
    ["ed25519", []],
    ["ecdsa", ["-b", "256"]],
    ["ecdsa", ["-b", "384"]],
    ["ecdsa", ["-b", "521"]],
    ["rsa", ["-b", "2048"]],
])("what ssh-keygen signs with %s %p is verified, and nothing else", (type, size) => {
    const key = join(folder, `${type}${size.join("")}`);
    sshKeygen(["-q", "-t", type, ...size, "-N", "", "-f", key]);
    // Several: numbers of an ECDSA signature are shorter now and then.
    for (const message of Array.from({ length: type === "ecdsa" ? 8 : 1 }, (_, n) => `message ${n}\n`)) {
        const armoured = sshKeygen(["-Y", "sign", "-n", "test", "-f", key], message);
        const signature = parseSshSignature(armoured);
        const verify = (text: string) => verifySshSignature(signature, "test", Buffer.from(text), sshCrypto);
        expect([verify(message), verify("another")]).toEqual([true, false]);
    }
    const [name = "", base64 = ""] = readFileSync(`${key}.pub`, "utf8").split(" ");
    expect(parseSshKeyText(name, base64).key.kind).toBe(type);
    const other = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }).x ?? "";
    const point = new Uint8Array(Buffer.from(other, "base64url"));
    writeFileSync(join(folder, "message"), "message\n");
    const signature = parseSshSignature(sshKeygen(["-Y", "sign", "-n", "test", "-f", key], "message\n"));
    expect(sshCrypto.verify({ kind: "ed25519", point }, signature.raw, Buffer.from("message\n"))).toBe(false);
});

test("a token's signature counts where it was touched", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const point = new Uint8Array(Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url"));
    const sha256 = (data: string): Buffer => createHash("sha256").update(data).digest();
    const verify = (flags: number, signed = flags): boolean => {
        const text = Buffer.concat([sha256("ssh:"), Buffer.of(signed, 0, 0, 0, 7), sha256("data")]);
        const raw = {
            algorithm: "sk-ssh-ed25519@openssh.com",
            bytes: new Uint8Array(sign(null, text, privateKey)),
            token: { flags, counter: 7 },
        };
        return sshCrypto.verify({ kind: "ed25519", point, application: "ssh:" }, raw, Buffer.from("data"));
    };
    expect([verify(1), verify(5), verify(0), verify(1, 5)]).toEqual([true, true, false, false]);
});
