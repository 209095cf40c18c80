import { spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Signer } from "../../../../../core/audit/primitives.js";
import { formatBundle } from "../../../../../core/protocol/bundle.js";
import {
    renderScript,
    scriptHash,
    scriptName,
    verifyCommand,
    writeScript,
} from "../../../../../providers/resources/script/file.js";
import { scratchProject } from "../../audit/scratch.js";

scratchProject();

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const HEX = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
const signer = {
    publicKey: HEX,
    sign: (text: string) => sign(null, Buffer.from(text), privateKey).toString("hex"),
} as unknown as Signer;

const TEXT = renderScript(
    {
        comments: ["Makes this machine a relay.", ""],
        name: "relay.sh",
        publicKey: HEX,
        values: {
            ...{ name: "qp-tunnel-wg0", interface: "wg0", etc: "/etc/qp-tunnel-wg0", run: "/run/qp-tunnel-wg0" },
            ...{ owner: "shop/dev/hub", edition: "2026-01-02T03:04:05.678Z", inner: "36", outer: "5c" },
        },
    },
    { check: formatBundle({ manifest: "port 51820\n" }), receipt: formatBundle({ manifest: "step receipt\n" }) },
);

describe("a script", () => {
    it("says in its head what it does, and how and with which key it is verified", () => {
        const head = TEXT.split("\n@@script\n")[0]!;
        expect(head).toMatch(/^#!\/bin\/bash\n# Makes this machine a relay\.\n#\n#\n# It contains no private key\./);
        expect(head).toContain(`#\n#     ${verifyCommand("relay.sh")}\n#\n`);
        expect(head).toContain(
            `# relay.sh.pub must be a key that you trust, not one that came with a script: its 32 bytes are, in hex,\n# ${HEX}\n`,
        );
    });

    it("has a section for each step, in their order, which its values list", () => {
        expect([...TEXT.matchAll(/^@@(.*)$/gm)].map(([, section]) => section)).toEqual([
            "script",
            "program",
            "step check",
            "step receipt",
            "end",
        ]);
        expect(TEXT.split("@@script\n")[1]).toMatch(/steps\tcheck receipt\n/);
        expect(TEXT).toContain("@@step check\n@manifest\n port 51820\n@@step receipt\n");
    });

    it("is a program that shell checks find no fault with, sections and all", () => {
        writeFileSync("relay.sh", TEXT);
        const head = readFileSync("relay.sh", "utf8").split("\n@@script\n")[0]!;
        const { status, stdout } = spawnSync("shellcheck", ["--norc", "-"], { input: `${head}\n`, encoding: "utf8" });
        expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
        const refused = spawnSync("bash", [], { input: readFileSync("relay.sh"), encoding: "utf8" });
        expect({ status: refused.status, stderr: refused.stderr }).toEqual({
            status: 3,
            stderr: "stopped: it was not run as a file; save it to a file and run that, not through a pipe\n",
        });
    });

    it.each<[string, (text: string) => string, string]>([
        [
            "with the line breaks of Windows",
            (text) => text.replaceAll("\n", "\r\n"),
            "this copy of it has Windows line endings; copy the file again without converting it",
        ],
        ["cut off", (text) => text.slice(0, text.length / 2), "this copy of it is truncated; copy the file again"],
        [
            "with a line missing",
            (text) => text.replace("\n port 51820\n", "\n"),
            "this copy of it is damaged; copy the file again",
        ],
        [
            "with a character changed",
            (text) => text.replace("51820", "51821"),
            "this copy of it is damaged; copy the file again",
        ],
    ])("runs nothing of a copy that is %s, in whichever shell", (_what, mangled, sentence) => {
        writeFileSync("relay.sh", TEXT);
        writeFileSync("copy.sh", mangled(readFileSync("relay.sh", "utf8")));
        // Where nothing else is: a relay that is not there.
        for (const shell of ["bash", "sh"]) {
            const { status, stdout, stderr } = spawnSync(shell, ["copy.sh"], { encoding: "utf8" });
            expect([shell, status, stdout, stderr]).toEqual([shell, 3, "", `stopped: ${sentence}\n`]);
        }
    });

    it("is run by bash, whichever shell was asked, and by root alone", () => {
        writeFileSync("relay.sh", TEXT);
        chmodSync(".", 0o755);
        chmodSync("relay.sh", 0o644);
        const drop = process.getuid!() === 0 ? ["setpriv", "--reuid=65534", "--clear-groups", "--"] : [];
        const [command = "", ...args] = [...drop, "sh", "relay.sh"];
        const asSomebody = spawnSync(command, args, { encoding: "utf8" });
        expect([asSomebody.status, asSomebody.stderr]).toEqual([
            3,
            expect.stringMatching(/^stopped: changing a relay needs root, this is user \w+; run it with sudo\n$/),
        ]);
        const path = join(process.cwd(), "bin");
        mkdirSync(path);
        writeFileSync(join(path, "bash"), '#!/bin/sh\necho "bash $*"\n', { mode: 0o755 });
        writeFileSync(join(path, "id"), "#!/bin/sh\necho 0\n", { mode: 0o755 });
        const inDash = spawnSync("sh", ["relay.sh"], { encoding: "utf8", env: { PATH: `${path}:/usr/bin:/bin` } });
        expect([inDash.status, inDash.stdout, inDash.stderr]).toEqual([0, "bash relay.sh\n", ""]);
    });
});

it("is written with its key and signature, which OpenSSL verifies as the head says", () => {
    const sha256 = writeScript("scripts/relay.sh", TEXT, signer);
    expect(sha256).toBe(createHash("sha256").update(TEXT).digest("hex"));
    expect(scriptHash("scripts/relay.sh")).toBe(sha256);
    for (const name of ["relay.sh", "relay.sh.pub", "relay.sh.sig"])
        expect(statSync(join("scripts", name)).mode & 0o777).toBe(0o600);
    const verify = (): number | null => spawnSync("sh", ["-c", verifyCommand("relay.sh")], { cwd: "scripts" }).status;
    expect(verify()).toBe(0);
    writeFileSync("scripts/relay.sh", `${TEXT}#\n`);
    expect(verify()).not.toBe(0);
    expect(scriptHash("scripts/relay.sh")).not.toBe(sha256);
});

it("replaces no folder, and leaves nothing beside it", () => {
    mkdirSync("relay.sh");
    expect(() => writeScript("relay.sh", TEXT, signer)).toThrow(
        "script relay.sh: it cannot be written: it is not a regular file; make the folder writable, or choose another path",
    );
    expect(existsSync("relay.sh.pub")).toBe(false);
});

test("a name that a shell would read otherwise is quoted in the command", () => {
    expect(scriptName("scripts/my relay.sh")).toBe("my relay.sh");
    expect(verifyCommand("it's.sh")).toBe(
        "openssl pkeyutl -verify -pubin -inkey 'it'\\''s.sh'.pub -rawin -in 'it'\\''s.sh' -sigfile 'it'\\''s.sh'.sig",
    );
    expect(scriptHash("nothing.sh")).toBeUndefined();
});
