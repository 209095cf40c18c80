import { randomBytes } from "node:crypto";
import fs from "node:fs";

import { generateKeyPair } from "../../../../core/keys/index.js";
import { AuditError } from "../../../../core/errors.js";
import { AuditLog } from "../../../../providers/audit/log.js";
import { rotateKey } from "../../../../providers/audit/rotateKey.js";
import { leakedKeys } from "./leaks.js";
import { scratchProject } from "./scratch.js";

const scratch = scratchProject();
const REF = { path: "audit/dev.jsonl", project: "shop", stack: "dev" };
const pairs = Array.from({ length: 5 }, () => generateKeyPair((length) => new Uint8Array(randomBytes(length))));
const known = pairs.map(({ publicKey }) => publicKey);

test("the scanner finds a private key among public ones, and takes no public key for one", () => {
    const [a, b] = pairs as [(typeof pairs)[0], (typeof pairs)[0]];
    expect(leakedKeys(`{"public_key":"${a.publicKey}","other":"${b.publicKey}"}`, known)).toEqual([]);
    expect(leakedKeys(`{"public_key":"${a.publicKey}","other":"${b.privateKey}"}`, known)).toEqual([b.publicKey]);
    expect(leakedKeys(`PrivateKey=${a.privateKey}\n${b.privateKey}`, known)).toEqual([a.publicKey, b.publicKey]);
});

test("whatever fails, and wherever it runs: neither keys, nor what the environment or an address holds, is recorded", async () => {
    const canaries = Array.from({ length: 40 }, (_, n) => `canary${n}x${randomBytes(6).toString("hex")}`);
    const canary = (n: number): string => canaries[n]!;
    // Names that CI systems and tools use for secrets, and some of those that are read.
    const names = [
        "GITHUB_TOKEN",
        "CI_JOB_TOKEN",
        "PULUMI_ACCESS_TOKEN",
        "PULUMI_CONFIG_PASSPHRASE",
        "AWS_SECRET_ACCESS_KEY",
    ];
    names.push(
        "DIGITALOCEAN_TOKEN",
        "SSH_AUTH_SOCK",
        "NPM_TOKEN",
        "GITHUB_EVENT_PATH",
        "CI_REGISTRY_PASSWORD",
        "HOME_TOKEN",
    );
    names.forEach((name, n) => (process.env[name] = canary(n)));
    Object.assign(process.env, {
        GITLAB_CI: "true",
        GITLAB_USER_LOGIN: "bob",
        CI_JOB_URL: `https://bot:${canary(20)}@git.example/jobs/7?private_token=${canary(21)}#${canary(22)}`,
        CI_COMMIT_SHA: "abc",
    });
    const log = await AuditLog.open(REF);
    const errors = [
        new Error(`wg: Key is not the correct length or format: \`${pairs[0]!.privateKey}'`),
        new AuditError("fetch", `https://x:${canary(23)}@git.example/?token=${canary(24)} failed`, "see the log"),
        new Error(`bad key -----BEGIN PRIVATE KEY-----\n${canary(25)}\n-----END PRIVATE KEY-----`),
        `thrown as text: ${pairs[1]!.privateKey}`,
    ];
    for (const error of errors) {
        const operation = await log.begin({ action: "peer_add", message: "Adding", details: { public_key: known[2] } });
        await operation.failure(error);
        await operation.failure(error, { message: "Adding failed", details: { public_key: known[3] } });
    }
    await rotateKey(REF);

    const text = fs.readFileSync(REF.path, "utf8");
    expect(text.split("\n")).toHaveLength(1 + 3 * errors.length + 1 + 1);
    expect(text).toContain('"url":"https://git.example/jobs/7"');
    expect(leakedKeys(text, known)).toEqual([]);
    for (const { privateKey } of pairs) expect(text).not.toContain(privateKey);
    expect(canaries.filter((value) => text.includes(value))).toEqual([]);
    const folder = `${scratch.config}/pulumi-qp-tunnel/keys/shop`;
    expect(fs.readdirSync(folder)).not.toEqual([]);
    for (const file of fs.readdirSync(folder)) {
        const seed = fs.readFileSync(`${folder}/${file}`, "utf8").trim();
        expect(text).not.toContain(seed);
        expect(text).not.toContain(Buffer.from(seed, "hex").toString("base64"));
    }
});
