import { execFileSync } from "node:child_process";
import { webcrypto as crypto } from "node:crypto";

import { type CertificateAlgorithm, createAuthority } from "../../../../core/certificates/index.js";
import { appleProfile, authoritiesIn, spelledFingerprint } from "../../../../core/certificates/trust.js";

const authority = async (algorithm: CertificateAlgorithm) =>
    (await createAuthority({ appName: "qp-tunnel", subnet: "10.8.0.0/24", algorithm, now: new Date(), crypto }))
        .certificate;

it("takes a bundle apart, in its order", async () => {
    const [first, second] = [await authority("ed25519"), await authority("ecdsa-p256")];
    const found = authoritiesIn(first + second);
    expect(found.map(({ algorithm, pem }) => [algorithm, pem])).toEqual([
        ["ed25519", first],
        ["ecdsa-p256", second],
    ]);
});

it.each(["", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])(
    "refuses a text without a certificate (%j)",
    (text) => {
        expect(() => authoritiesIn(text)).toThrow("certificate: is not there");
    },
);

it("makes a profile of P-256 authorities only", async () => {
    const [edwards, nist] = [await authority("ed25519"), await authority("ecdsa-p256")];
    expect(() => appleProfile("hub", "qp-tunnel", authoritiesIn(nist + edwards))).toThrow(
        'Apple profile: Apple\'s systems do not support a CA with ed25519 key; give a service `certificate: "both"`',
    );
    expect(() => appleProfile("hub", "qp-tunnel", [])).toThrow("Apple profile");
});

it("makes the same profile of the same authority, and another of another", async () => {
    const [one, other] = [await authority("ecdsa-p256"), await authority("ecdsa-p256")];
    const profile = (pem: string, relay = "hub") => appleProfile(relay, "qp-tunnel", authoritiesIn(pem));
    expect(profile(one)).toBe(profile(one));
    const uuids = (text: string) => text.match(/[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}/g);
    expect(uuids(profile(one))).toHaveLength(2);
    expect(new Set([...uuids(profile(one))!, ...uuids(profile(other))!]).size).toBe(4);
    expect(uuids(profile(one, "rim"))![0]).not.toBe(uuids(profile(one))![0]);
});

it("OpenSSL reads the DER, and computes the same fingerprint", async () => {
    const [only] = authoritiesIn(await authority("ecdsa-p256"));
    const printed = execFileSync(
        "openssl",
        ["x509", "-inform", "DER", "-noout", "-subject", "-fingerprint", "-sha256"],
        {
            input: only!.der,
            encoding: "utf8",
        },
    );
    expect(printed).toContain("CN = qp-tunnel internal CA");
    expect(printed).toContain(`sha256 Fingerprint=${spelledFingerprint(only!.fingerprint)}\n`);
});

it("a parser of property lists reads the profile, and finds the certificate in it", async () => {
    const [only] = authoritiesIn(await authority("ecdsa-p256"));
    const script = [
        "import json, plistlib, sys",
        "profile = plistlib.loads(sys.stdin.buffer.read())",
        "print(json.dumps(profile, default=lambda data: data.hex()))",
    ].join("\n");
    const read = JSON.parse(
        execFileSync("python3", ["-c", script], {
            input: appleProfile("my_hub", "qp-tunnel", [only!]),
            encoding: "utf8",
        }),
    ) as { PayloadContent: object[] };
    expect(read).toMatchObject({
        PayloadType: "Configuration",
        PayloadVersion: 1,
        PayloadIdentifier: "internal.qp-tunnel.my-hub.ca",
        PayloadRemovalDisallowed: false,
    });
    expect(read.PayloadContent).toEqual([
        expect.objectContaining({
            PayloadType: "com.apple.security.root",
            PayloadVersion: 1,
            PayloadContent: Buffer.from(only!.der).toString("hex"),
            PayloadDescription: `SHA-256 ${spelledFingerprint(only!.fingerprint)}`,
        }),
    ]);
});
