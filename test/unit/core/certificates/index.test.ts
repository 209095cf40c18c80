import "reflect-metadata";
import { execFileSync, spawnSync } from "node:child_process";
import { webcrypto as crypto, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import * as x509 from "@peculiar/x509";
import {
    type CertificateAlgorithm,
    certificateInfo,
    createAuthority,
    createIntermediate,
    expiresSoon,
    issueLeaf,
    reissueAuthority,
    renewalDue,
} from "../../../../core/certificates/index.js";
import { generateKeys, importKey } from "../../../../core/certificates/x509.js";

const appName = "qp-tunnel";
const subnet = "10.8.0.0/24";
const now = new Date("2026-11-22T10:30:15.700Z");
const algorithms = ["ed25519", "ecdsa-p256"] as const;

function authority(algorithm: CertificateAlgorithm, at = now) {
    return createAuthority({ appName, subnet, algorithm, now: at, crypto });
}

describe.each(algorithms)("%s", (algorithm) => {
    it("authority says what it is", async () => {
        const { certificate, notAfter } = await authority(algorithm);
        const { fingerprint, ...info } = certificateInfo(certificate);
        expect(info).toEqual({
            notBefore: "2026-11-22T09:30:15Z",
            notAfter: "2036-11-22T10:30:15Z",
            subject: "CN=qp-tunnel internal CA",
            names: [],
            algorithm,
        });
        expect(notAfter).toBe(info.notAfter);
        const independent = new X509Certificate(certificate);
        expect(independent.ca).toBe(true);
        expect(independent.verify(independent.publicKey)).toBe(true);
        expect(independent.fingerprint256.replaceAll(":", "").toLowerCase()).toBe(fingerprint);
    });

    it("leaf is for its name and addresses, signed by the authority", async () => {
        const issuer = await authority(algorithm);
        const leaf = await issueLeaf({
            authority: issuer,
            service: "Grafana",
            appName,
            addresses: ["10.8.0.1", "fd12::1"],
            algorithm,
            now,
            crypto,
        });
        expect(certificateInfo(leaf.certificate)).toEqual({
            notBefore: "2026-11-22T09:30:15Z",
            notAfter: "2027-11-22T10:30:15Z",
            subject: "CN=grafana",
            names: ["grafana.qp-tunnel.internal", "10.8.0.1", "fd12::1"],
            algorithm,
            fingerprint: leaf.fingerprint,
        });
        expect([leaf.notBefore, leaf.notAfter]).toEqual(["2026-11-22T09:30:15Z", "2027-11-22T10:30:15Z"]);
        const independent = new X509Certificate(leaf.certificate);
        expect(independent.verify(new X509Certificate(issuer.certificate).publicKey)).toBe(true);
        expect(independent.ca).toBe(false);
        expect(independent.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
        expect(independent.checkHost("grafana.qp-tunnel.internal")).toBe("grafana.qp-tunnel.internal");
        expect(independent.checkIP("10.8.0.1")).toBe("10.8.0.1");
        expect(independent.checkIP("fd12::1")).toBe("fd12::1");
        expect(independent.checkIP("10.8.0.2")).toBeUndefined();
    });

    it("a TLS client that knows the authority believes the leaf, under its name only", async () => {
        // Node's verifier goes by the real clock.
        const today = new Date();
        const issuer = await authority(algorithm, today);
        const request = { authority: issuer, appName, algorithm, now: today, crypto };
        const good = await issueLeaf({ ...request, service: "grafana", addresses: ["10.8.0.1"] });
        const outside = await issueLeaf({ ...request, service: "grafana", addresses: ["10.9.0.1"] });
        expect(await handshake(issuer.certificate, good, "grafana.qp-tunnel.internal")).toBe("TLSv1.3");
        expect(await handshake(issuer.certificate, good, "wiki.qp-tunnel.internal")).toContain(
            "does not match certificate's altnames",
        );
        expect(await handshake(issuer.certificate, outside, "grafana.qp-tunnel.internal")).toContain(
            "permitted subtree violation",
        );
        const other = await authority(algorithm, today);
        expect(await handshake(other.certificate, good, "grafana.qp-tunnel.internal")).toMatch(
            /certificate signature failure|unable to verify the first certificate|unable to get local issuer certificate/,
        );
    });
});

// A second opinion; Node's TLS above is linked to the same library.
describe.each(algorithms)("OpenSSL with %s", (algorithm) => {
    it("accepts what the authority may vouch for, and nothing else", async () => {
        const issuer = await authority(algorithm);
        const issue = (service: string, app: string, addresses: string[]) =>
            issueLeaf({ authority: issuer, service, appName: app, addresses, algorithm, now, crypto });
        const cases = [
            { leaf: await issue("grafana", appName, ["10.8.0.1", "fd12::1"]), verdict: "OK" },
            { leaf: await issue("grafana", appName, ["10.9.0.1"]), verdict: "permitted subtree violation" },
            { leaf: await issue("grafana", appName, ["2001:db8::1"]), verdict: "permitted subtree violation" },
            { leaf: await issue("grafana", "bank", ["10.8.0.1"]), verdict: "permitted subtree violation" },
        ];
        for (const { leaf, verdict } of cases) {
            expect(opensslVerify(issuer.certificate, leaf.certificate)).toContain(verdict);
        }
    });

    it("finds the extensions, critical where they must be", async () => {
        const issuer = await authority(algorithm);
        expect(opensslExtensions(issuer.certificate)).toEqual([
            "X509v3 Basic Constraints: critical",
            "CA:TRUE, pathlen:1",
            "X509v3 Key Usage: critical",
            "Certificate Sign, CRL Sign",
            "X509v3 Extended Key Usage:",
            "TLS Web Server Authentication",
            "X509v3 Name Constraints: critical",
            "Permitted:",
            "DNS:qp-tunnel.internal",
            "IP:10.8.0.0/255.255.255.0",
            "IP:FD00:0:0:0:0:0:0:0/FF00:0:0:0:0:0:0:0",
            "email:invalid",
            "URI:invalid",
            "Excluded:",
            "email:invalid",
            "URI:invalid",
        ]);
        const leaf = await issueLeaf({
            authority: issuer,
            service: "git",
            appName,
            addresses: [],
            algorithm,
            now,
            crypto,
        });
        expect(opensslExtensions(leaf.certificate)).toEqual([
            "X509v3 Basic Constraints: critical",
            "CA:FALSE",
            "X509v3 Key Usage: critical",
            "Digital Signature",
            "X509v3 Extended Key Usage:",
            "TLS Web Server Authentication",
            "X509v3 Subject Alternative Name:",
            "DNS:git.qp-tunnel.internal",
        ]);
    });
});

const USAGES = [undefined, "serverAuth", "clientAuth", "emailProtection", "codeSigning", "timeStamping"] as const;

describe.each(algorithms)("whoever has the key of an %s authority", (algorithm) => {
    const OURS = ["dns wiki.qp-tunnel.internal", "ip 10.8.0.1", "ip fd12::1"];
    const OTHERS = [
        ["dns bank.example", "ip 10.9.0.1", "ip 2001:db8::1"],
        ["email a@bank.example", "email a@wiki.qp-tunnel.internal", "email a@invalid"],
        ["url https://bank.example/", "url https://wiki.qp-tunnel.internal/", "url https://invalid/", "url urn:a:b"],
    ].flat();
    const PURPOSES = ["sslserver", "sslclient", "smimesign", "smimeencrypt", "codesign", "timestampsign"] as const;

    it("can make what is good for TLS servers under the relay's names, and nothing else, also with one below it", async () => {
        const root = await authority(algorithm);
        const request = { authority: root, relay: "hub", appName, addresses: ["10.8.0.1", "fd12::1"], algorithm, now };
        const below = await createIntermediate({ ...request, crypto });
        const leaves: Record<string, string> = {};
        const good: string[] = [];
        for (const [at, issuer] of Object.entries({ root, below })) {
            for (const [name, usage] of [...OURS, ...OTHERS].flatMap((each) =>
                USAGES.map((use) => [each, use] as const),
            )) {
                const file = `${at} ${name} ${usage}`.replaceAll(/[^a-zA-Z0-9]+/g, "-");
                leaves[file] = await signedWith(issuer, name, usage);
                if (OURS.includes(name) && (usage === "serverAuth" || usage === undefined)) good.push(file);
            }
        }
        for (const purpose of PURPOSES) {
            const verified = verifying(root.certificate, below.certificate, leaves, purpose);
            expect({ purpose, verified }).toEqual({ purpose, verified: purpose === "sslserver" ? good.sort() : [] });
        }
    });

    it("is believed under its old certificate and under a reissued one", async () => {
        const today = new Date();
        const request = { appName, subnet, algorithm, now: today, crypto };
        const old = await createAuthority(request);
        const next = await reissueAuthority(request, old);
        const [then, now_, other] = [old, next, await createAuthority(request)].map(
            ({ certificate }) => new X509Certificate(certificate),
        ) as [X509Certificate, X509Certificate, X509Certificate];
        expect(now_.publicKey.equals(then.publicKey)).toBe(true);
        expect([now_.subject, now_.serialNumber === then.serialNumber]).toEqual([then.subject, false]);
        expect(other.publicKey.equals(then.publicKey)).toBe(false);
        for (const authority of [old, next]) {
            const leaf = await issueLeaf({ ...request, authority, service: "wiki", addresses: ["10.8.0.1"] });
            for (const { certificate } of [old, next])
                expect(await handshake(certificate, leaf, "wiki.qp-tunnel.internal")).toBe("TLSv1.3");
        }
    });
});

it("an Ed25519 authority can issue a leaf with a P-256 key", async () => {
    const issuer = await authority("ed25519");
    const leaf = await issueLeaf({
        authority: issuer,
        service: "web",
        appName,
        addresses: [],
        algorithm: "ecdsa-p256",
        now,
        crypto,
    });
    expect(certificateInfo(leaf.certificate).algorithm).toBe("ecdsa-p256");
    expect(new X509Certificate(leaf.certificate).verify(new X509Certificate(issuer.certificate).publicKey)).toBe(true);
});

it("a leaf does not outlive its authority", async () => {
    const issuer = await authority("ed25519");
    const late = new Date("2036-10-01T00:00:00Z");
    const leaf = await issueLeaf({
        authority: issuer,
        service: "web",
        appName,
        addresses: [],
        algorithm: "ed25519",
        now: late,
        crypto,
    });
    expect(leaf.notAfter).toBe(issuer.notAfter);
});

it("two certificates never share a serial number, and every one is positive", async () => {
    const issuer = await authority("ed25519");
    const request = {
        authority: issuer,
        service: "web",
        appName,
        addresses: [],
        algorithm: "ed25519" as const,
        now,
        crypto,
    };
    const serials = await Promise.all(
        [1, 2, 3, 4].map(async () => new X509Certificate((await issueLeaf(request)).certificate).serialNumber),
    );
    expect(new Set(serials).size).toBe(4);
    for (const serial of serials) {
        expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
    }
});

it("refuses what is no certificate", () => {
    expect(() => certificateInfo("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")).toThrow(
        "certificate: cannot be read; give one certificate in PEM form",
    );
});

describe("dates", () => {
    const [start, end] = ["2026-01-01T00:00:00Z", "2026-12-27T00:00:00Z"]; // 360 days

    it("a certificate is renewed from a third of its life on", () => {
        expect(renewalDue(start, end, new Date("2026-04-30T23:59:59Z"))).toBe(false);
        expect(renewalDue(start, end, new Date("2026-05-01T00:00:00Z"))).toBe(true);
    });

    it("and warned about in its last 60 days, or as many as asked for", () => {
        expect(expiresSoon(end, new Date("2026-10-27T23:59:59Z"))).toBe(false);
        expect(expiresSoon(end, new Date("2026-10-28T00:00:00Z"))).toBe(true);
        expect(expiresSoon(end, new Date("2026-10-28T00:00:00Z"), 30)).toBe(false);
        expect(expiresSoon(end, new Date("2027-10-28T00:00:00Z"), 30)).toBe(true);
    });
});

/** What `openssl verify` says at the time the certificates were made. */
function opensslVerify(authorityPem: string, leafPem: string): string {
    return inFolder((folder) => {
        writeFileSync(join(folder, "ca.pem"), authorityPem);
        writeFileSync(join(folder, "leaf.pem"), leafPem);
        const at = ["-attime", String(Math.floor(now.getTime() / 1000))];
        const args = ["verify", "-x509_strict", "-purpose", "sslserver", ...at, "-CAfile", "ca.pem", "leaf.pem"];
        const { stdout, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
        return stdout + stderr;
    });
}

/** A certificate as somebody with the authority's key would make it, with a name and a usage of his choice. */
async function signedWith(
    issuer: { certificate: string; privateKey: string },
    name: string,
    usage: (typeof USAGES)[number],
): Promise<string> {
    const above = new x509.X509Certificate(issuer.certificate);
    const [type, value] = name.split(" ") as ["dns" | "ip" | "email" | "url", string];
    const own = await generateKeys("ed25519", crypto);
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: "01",
        subject: "CN=forged",
        issuer: above.subjectName,
        notBefore: above.notBefore,
        notAfter: above.notAfter,
        publicKey: own.publicKey,
        signingKey: await importKey(issuer.privateKey, above, crypto),
        extensions: [
            new x509.SubjectAlternativeNameExtension([{ type, value }]),
            ...(usage === undefined ? [] : [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]])]),
        ],
    });
    return certificate.toString("pem");
}

/** Names of those certificates that `openssl verify` takes for a purpose. */
function verifying(root: string, below: string, leaves: Record<string, string>, purpose: string): string[] {
    return inFolder((folder) => {
        for (const [file, text] of Object.entries({ ...leaves, "root.pem": root, "below.pem": below }))
            writeFileSync(join(folder, file), text);
        const at = ["-attime", String(Math.floor(now.getTime() / 1000))];
        const authorities = ["-CAfile", "root.pem", "-untrusted", "below.pem"];
        const args = ["verify", "-purpose", purpose, ...at, ...authorities, ...Object.keys(leaves)];
        const { stdout } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
        return [...stdout.matchAll(/^(.*): OK$/gm)].map(([, file]) => file!).sort();
    });
}

/** The printed extensions without the key identifiers, which are random. */
function opensslExtensions(pem: string): string[] {
    const text = execFileSync("openssl", ["x509", "-noout", "-text"], { input: pem, encoding: "utf8" });
    const lines = text.slice(text.indexOf("X509v3 extensions:")).split("\n").slice(1);
    const end = lines.findIndex((line) => line.includes("Subject Key Identifier"));
    return lines.slice(0, end).map((line) => line.trim());
}

/** The protocol of a verified connection, or the client's error. Both ends are in this process, without a network. */
async function handshake(
    ca: string,
    leaf: { certificate: string; privateKey: string },
    servername: string,
): Promise<string> {
    const server = tls.createServer({ cert: leaf.certificate, key: leaf.privateKey });
    server.on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const outcome = await new Promise<string>((resolve) => {
        const client = tls.connect({ host: "127.0.0.1", port, servername, ca }, () => {
            resolve(client.getProtocol() ?? "none");
            client.destroy();
        });
        client.on("error", (error) => resolve(error.message));
    });
    await new Promise((resolve) => server.close(resolve));
    return outcome;
}

function inFolder<T>(action: (folder: string) => T): T {
    const folder = mkdtempSync(join(tmpdir(), "qpt-certificates-"));
    try {
        return action(folder);
    } finally {
        rmSync(folder, { recursive: true });
    }
}
