import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { generateSshKeyPair } from "../../../../core/keys/ssh.js";

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
/** The same bytes each time. */
const fixed = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index);

describe("a key pair for SSH", () => {
    it("is one that OpenSSH reads, and whose halves belong together", () => {
        const folder = mkdtempSync(join(tmpdir(), "ssh-keys-"));
        try {
            const file = join(folder, "key");
            const { publicKey, privateKey } = generateSshKeyPair(random);
            writeFileSync(file, privateKey, { mode: 0o600 });
            expect(execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).trim()).toBe(publicKey);
            const signed = execFileSync("ssh-keygen", ["-Y", "sign", "-q", "-n", "test", "-f", file], {
                input: "text",
            });
            writeFileSync(join(folder, "allowed"), `tester ${publicKey}\n`);
            writeFileSync(join(folder, "signature"), signed);
            const argv = ["-Y", "verify", "-n", "test", "-I", "tester"];
            const files = ["-f", join(folder, "allowed"), "-s", join(folder, "signature")];
            expect(execFileSync("ssh-keygen", [...argv, ...files], { input: "text", encoding: "utf8" })).toMatch(
                /^Good "test" signature for tester/,
            );
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it("is the one that the randomness says, in lines as OpenSSH breaks them", () => {
        const { publicKey, privateKey } = generateSshKeyPair(fixed);
        // RFC 8032's key of the seed 00 01 … 1f.
        const point = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
        expect(Buffer.from(publicKey.split(" ")[1]!, "base64").subarray(-32).toString("hex")).toBe(point);
        expect(privateKey.split("\n").map(({ length }) => length)).toStrictEqual([35, 70, 70, 70, 70, 32, 33, 0]);
        expect(generateSshKeyPair(random).publicKey).not.toBe(publicKey);
    });

    it("refuses a source that gives less than asked", () => {
        expect(() => generateSshKeyPair(() => new Uint8Array(8))).toThrow(
            "the random source gave 8 bytes instead of 32",
        );
    });
});
