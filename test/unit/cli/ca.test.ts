import { webcrypto as crypto, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { type CertificateAlgorithm, createAuthority } from "../../../core/certificates/index.js";
import { run } from "./run.js";
import { scratchFolder } from "./scratch.js";

const scratch = scratchFolder();

let authorities: Record<CertificateAlgorithm, string>;
beforeAll(async () => {
    const make = async (algorithm: CertificateAlgorithm) =>
        (await createAuthority({ appName: "qp-tunnel", subnet: "10.8.0.0/24", algorithm, now: new Date(), crypto }))
            .certificate;
    authorities = { ed25519: await make("ed25519"), "ecdsa-p256": await make("ecdsa-p256") };
});

/** What `pulumi stack export` writes, of relays with these authorities. */
function exported(relays: Record<string, CertificateAlgorithm[]>): string {
    const resources = Object.entries(relays).flatMap(([relay, algorithms]) =>
        algorithms.map((algorithm) => ({
            urn: `urn:pulumi:dev::shop::qptunnel:index:Relay$qptunnel:index:CertificateAuthority::${relay}-ca-${algorithm}`,
            type: "qptunnel:index:CertificateAuthority",
            inputs: { relay, appName: "qp-tunnel", algorithm },
            outputs: { certificate: authorities[algorithm], privateKey: { ciphertext: "v1:…" } },
        })),
    );
    return JSON.stringify({ version: 3, deployment: { resources } });
}

const ca = (relays: Record<string, CertificateAlgorithm[]>, ...more: string[]) =>
    run("ca", "--state", scratch.write("state.json", exported(relays)), ...more);

const spelled = (algorithm: CertificateAlgorithm) => new X509Certificate(authorities[algorithm]).fingerprint256;

test("hands out every authority of the relay, and says what to compare them with", async () => {
    const { code, stdout, stderr } = await ca({ hub: ["ed25519", "ecdsa-p256"] });
    expect([code, stdout]).toEqual([0, authorities.ed25519 + authorities["ecdsa-p256"]]);
    expect(stderr.trim().split("\n")).toEqual([
        expect.stringMatching(`^hub: ed25519, valid until .*Z, SHA-256 ${spelled("ed25519")}$`),
        expect.stringMatching(`^hub: ecdsa-p256, valid until .*Z, SHA-256 ${spelled("ecdsa-p256")}$`),
    ]);
});

test("writes DER to a file", async () => {
    const file = join(scratch.path, "ca.cer");
    const { code, stdout } = await ca({ hub: ["ed25519"] }, "--format", "der", "-o", file);
    expect([code, stdout]).toEqual([0, ""]);
    expect(new X509Certificate(readFileSync(file)).fingerprint256).toBe(spelled("ed25519"));
});

test("of two authorities DER holds the one that browsers take, and the other when that is asked for", async () => {
    const both = { hub: ["ed25519", "ecdsa-p256"] as CertificateAlgorithm[] };
    const file = join(scratch.path, "both.cer");
    const { code, stderr } = await ca(both, "--format", "der", "-o", file);
    expect(code).toBe(0);
    expect(new X509Certificate(readFileSync(file)).fingerprint256).toBe(spelled("ecdsa-p256"));
    expect(stderr).toContain(
        "note: a der file holds one certificate; --algorithm ed25519 exports the CA certificate of that kind",
    );
    const other = await ca(both, "--format", "der", "--algorithm", "ed25519", "-o", file);
    expect([other.code, other.stderr]).toEqual([0, expect.not.stringContaining("note:")]);
    expect(new X509Certificate(readFileSync(file)).fingerprint256).toBe(spelled("ed25519"));
});

test("a profile holds what Apple's systems take, and nothing else", async () => {
    const { code, stdout, stderr } = await ca({ hub: ["ed25519", "ecdsa-p256"] }, "--format", "mobileconfig");
    expect(code).toBe(0);
    const data = [...stdout.matchAll(/<data>(.*)<\/data>/g)].map(([, base64]) => Buffer.from(base64!, "base64"));
    expect(data.map((der) => new X509Certificate(der).fingerprint256)).toEqual([spelled("ecdsa-p256")]);
    expect(stderr).not.toContain("ed25519");
});

test("as JSON, with the names and dates", async () => {
    const { stdout } = await ca({ hub: ["ecdsa-p256"] }, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
        relay: "hub",
        authorities: [
            { algorithm: "ecdsa-p256", subject: "CN=qp-tunnel internal CA", certificate: authorities["ecdsa-p256"] },
        ],
    });
});

test.each<[string, Record<string, CertificateAlgorithm[]>, string[], string]>([
    ["nothing applied yet", {}, [], "stack: no relay in it has a CA yet; run pulumi up first"],
    [
        "more than one relay",
        { rim: ["ed25519"], hub: ["ed25519"] },
        [],
        "--relay: the stack has more than one relay; choose hub or rim",
    ],
    ["another relay", { hub: ["ed25519"] }, ["--relay", "rim"], "--relay: the stack has no relay rim; choose hub"],
    [
        "no authority that Apple takes",
        { hub: ["ed25519"] },
        ["--format", "mobileconfig"],
        'Apple profile: Apple\'s systems do not support a CA with ed25519 key; give a service `certificate: "both"` (the default) or "ecdsa-p256": its authority is made with it',
    ],
    [
        "no such authority",
        { hub: ["ed25519"] },
        ["--algorithm", "ecdsa-p256"],
        "--algorithm: hub has no ecdsa-p256 CA; choose ed25519",
    ],
    [
        "no such format",
        { hub: ["ed25519"] },
        ["--format", "p12"],
        "--format: p12 is unknown; choose pem, der, mobileconfig",
    ],
])("refuses: %s", async (_what, relays, more, message) => {
    expect(await ca(relays, ...more)).toEqual({ code: 2, stdout: "", stderr: `error: ${message}\n` });
});
