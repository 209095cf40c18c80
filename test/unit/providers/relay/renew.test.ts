import { execFileSync, spawnSync } from "node:child_process";
import { webcrypto as crypto, X509Certificate } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";

import {
    type CertificateAlgorithm,
    certificateInfo,
    createAuthority,
    createIntermediate,
    type Issued,
} from "../../../../core/certificates/index.js";
import { storeDrift } from "../../../../core/drift.js";
import { renewalDrift, renewedCertificates } from "../../../../providers/resources/proxy/renewal.js";
import { RelayFolder } from "./shell.js";

// The relay's own program makes certificates with the system's openssl; OpenSSL and Node judge them.

const DAY = 86_400;
const appName = "qp-tunnel";
const addresses = ["10.8.0.1", "fd12::1"];

let relay: RelayFolder;
let root: Issued;
let issuer: Awaited<ReturnType<typeof createIntermediate>>;

const seconds = () => Math.floor(Date.now() / 1000);
const made = () => relay.read("etc/certs/notes-relay.pem")!;
const certificate = () => made().slice(made().indexOf("-----BEGIN CERTIFICATE-----"));
/** Names of the services whose certificate was made. */
const renew = () => relay.run('renew_certificates; printf "%s\\n" "${renewed[@]}"').trim();
const line = (more: { algorithm: string; end?: number; names?: string }) =>
    [
        "notes",
        more.algorithm,
        more.end ?? seconds() + 365 * DAY,
        90,
        "notes.qp-tunnel.internal",
        more.names ?? addresses.join(" "),
    ].join("\t") + "\n";

afterEach(() => relay.remove());

async function setUp(algorithm: CertificateAlgorithm): Promise<void> {
    root = await createAuthority({ appName, subnet: "10.8.0.0/24", algorithm, now: new Date(), crypto });
    const request = { authority: root, relay: "hub", appName, addresses, algorithm, now: new Date(), crypto };
    issuer = await createIntermediate(request);
    relay = new RelayFolder({
        [`etc/issuers/${algorithm}.pem`]: issuer.certificate,
        [`etc/issuers/${algorithm}.key`]: issuer.privateKey,
        "etc/renewals": line({ algorithm }),
        "etc/certs/.keep": "",
    });
}

/** What OpenSSL says of a leaf, to who trusts the root and is shown the relay's authority. */
function verdict(leaf: string): string {
    for (const [name, text] of Object.entries({ root: root.certificate, issuer: issuer.certificate, leaf }))
        relay.write(`${name}.pem`, text);
    const args = [
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-CAfile",
        "root.pem",
        "-untrusted",
        "issuer.pem",
        "leaf.pem",
    ];
    const { stdout, stderr } = spawnSync("openssl", args, { cwd: relay.folder, encoding: "utf8" });
    return stdout + stderr;
}

describe.each(["ed25519", "ecdsa-p256"] as const)("a relay with an %s authority of its own", (algorithm) => {
    beforeEach(() => setUp(algorithm));

    it("makes what clients of the root accept, for 90 days, with the key and the authority in the same file", () => {
        expect(renew()).toBe("notes");
        expect(verdict(certificate())).toContain("leaf.pem: OK");
        const info = certificateInfo(certificate());
        expect(info).toMatchObject({
            subject: "CN=notes",
            algorithm,
            names: ["notes.qp-tunnel.internal", ...addresses],
        });
        expect(Date.parse(info.notAfter) / 1000 - seconds()).toBeGreaterThan(89.9 * DAY);
        expect(Date.parse(info.notBefore) / 1000).toBeLessThanOrEqual(seconds() - 3600);
        const leaf = new X509Certificate(certificate());
        expect([leaf.ca, leaf.keyUsage]).toEqual([false, ["1.3.6.1.5.5.7.3.1"]]);
        expect(made()).toContain(issuer.certificate);
        const file = join(relay.folder, "etc/certs/notes-relay.pem");
        const key = execFileSync("openssl", ["pkey", "-in", file, "-pubout"], { encoding: "utf8" });
        expect(key).toBe(leaf.publicKey.export({ type: "spki", format: "pem" }));
        expect(statSync(file).mode & 0o777).toBe(0o600);
        expect(relay.read("work/leaf/key")).toBeUndefined();
    });

    it("makes no other while more than a third of its life is left", () => {
        renew();
        const first = made();
        expect(renew()).toBe("");
        expect(made()).toBe(first);
        const aged = (daysLeft: number) =>
            relay.write(
                "etc/certs/notes-relay.pem",
                first.replace(/^# .*$/m, `# ${seconds() - (90 - daysLeft) * DAY} ${seconds() + daysLeft * DAY}`),
            );
        aged(31);
        expect(renew()).toBe("");
        aged(29);
        expect(renew()).toBe("notes");
        expect(certificate()).not.toBe(first.slice(first.indexOf("-----BEGIN CERTIFICATE-----")));
    });

    it("makes another for other addresses, after a new authority, and in place of what another program put there", async () => {
        renew();
        relay.write("etc/renewals", line({ algorithm, names: "10.8.0.1" }));
        expect(renew()).toBe("notes");
        expect(certificateInfo(certificate()).names).toEqual(["notes.qp-tunnel.internal", "10.8.0.1"]);
        issuer = await createIntermediate({
            authority: root,
            relay: "hub",
            appName,
            addresses,
            algorithm,
            now: new Date(),
            crypto,
        });
        relay.write(`etc/issuers/${algorithm}.pem`, issuer.certificate);
        relay.write(`etc/issuers/${algorithm}.key`, issuer.privateKey);
        expect(renew()).toBe("notes");
        expect(verdict(certificate())).toContain("leaf.pem: OK");
        relay.write("etc/certs/notes-relay.pem", root.certificate);
        expect(renew()).toBe("notes");
    });

    it("makes none that outlives its authority, and none at all after that", () => {
        const end = seconds() + 10 * DAY;
        relay.write("etc/renewals", line({ algorithm, end }));
        renew();
        expect(Date.parse(certificateInfo(certificate()).notAfter) / 1000).toBe(end);
        relay.write("etc/renewals", line({ algorithm, end: seconds() - 1, names: "10.8.0.1" }));
        expect(() => renew()).toThrow(
            /the relay's intermediate CA for certificate renewal has expired\n run `pulumi up`/,
        );
    });

    it("cannot make what it may not vouch for, even if it is told to", () => {
        for (const names of ["10.8.0.2", "10.8.0.1 fd12::2"]) {
            relay.write("etc/renewals", line({ algorithm, names }));
            expect(() => renew()).toThrow(/clients would refuse the certificate.*permitted subtree violation/s);
        }
        expect(relay.read("etc/certs/notes-relay.pem")).toBeUndefined();
    });

    describe("as a refresh looks at it", () => {
        const services = {
            notes: { port: 8443, upstream: "127.0.0.1:80", certificate: algorithm, keyExchange: "require" },
        } as const;
        const shown = () => ({
            "certificate.notes-relay.pem": certificate(),
            [`issuer.${algorithm}.pem`]: issuer.certificate,
        });
        const drift = (answer: object, now = new Date()) =>
            storeDrift(
                renewalDrift(appName, { services, addresses }, { [algorithm]: issuer }, { ...shown(), ...answer }, now),
            );

        beforeEach(() => void renew());

        it("has no drift, whichever of its certificates is there", () => {
            expect(drift({})).toEqual({});
            expect(renewedCertificates({ services }, shown())["notes"]).toMatchObject({
                file: "notes-relay",
                renewal: "relay",
                fingerprint: certificateInfo(certificate()).fingerprint,
                notAfter: certificateInfo(certificate()).notAfter,
            });
            relay.write("etc/certs/notes-relay.pem", "");
            renew();
            expect(drift({})).toEqual({});
        });

        it.each<[string, () => [object, Date?], string]>([
            ["gone", () => [{ "certificate.notes-relay.pem": undefined }], "is missing on the relay"],
            ["nonsense", () => [{ "certificate.notes-relay.pem": "hello" }], "is missing on the relay"],
            [
                "somebody else's",
                () => [{ "certificate.notes-relay.pem": root.certificate }],
                "was not issued by the relay's intermediate CA",
            ],
            ["over", () => [{}, new Date(Date.now() + 91 * DAY * 1000)], "expired on"],
        ])("says that a certificate is %s", (_what, given, problem) => {
            expect(drift(...given())).toEqual({
                "certificate notes": expect.stringContaining(`the certificate of notes ${problem}`) as string,
            });
        });

        it("says that it is for other names, or for longer than it should", () => {
            relay.write("etc/renewals", line({ algorithm, names: "10.8.0.1" }));
            renew();
            expect(drift({})["certificate notes"]).toContain(
                "is for other names (DNS:notes.qp-tunnel.internal, IP Address:10.8.0.1)",
            );
            relay.write("etc/renewals", line({ algorithm }).replace("\t90\t", "\t200\t"));
            renew();
            expect(drift({})["certificate notes"]).toContain("is valid for more than 90 days");
        });

        it("says that the authority is gone or differs", () => {
            const sentence = `the ${algorithm} intermediate CA for certificate renewal is missing or differs; \`pulumi up --refresh\` installs a new one`;
            for (const found of [undefined, root.certificate]) {
                expect(drift({ [`issuer.${algorithm}.pem`]: found })).toEqual({ [`issuer ${algorithm}`]: sentence });
            }
        });
    });
});

it("an authority that may not have another below it makes none", async () => {
    relay = new RelayFolder();
    root = await createAuthority({ appName, subnet: "10.8.0.0/24", algorithm: "ed25519", now: new Date(), crypto });
    const request = { relay: "hub", appName, addresses, algorithm: "ed25519", now: new Date(), crypto } as const;
    const own = await createIntermediate({ authority: root, ...request });
    await expect(createIntermediate({ authority: own, ...request })).rejects.toThrow(
        "certificate authority: has no room for an intermediate CA",
    );
});
