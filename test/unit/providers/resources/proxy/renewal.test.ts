import { webcrypto, X509Certificate } from "node:crypto";

import { issueLeaf } from "../../../../../core/certificates/index.js";
import { renewals } from "../../../../../core/protocol/renewals.js";
import { resolvedProxy } from "../../../../../providers/resources/proxy/inputs.js";
import {
    delegate,
    renewalDrift,
    renewedCertificates,
    renewsItself,
} from "../../../../../providers/resources/proxy/renewal.js";
import type { Properties } from "../../../../../providers/resources/resource.js";
import { type Authority, authorityOf, proxyChange, proxyInputs, WIKI } from "./services.js";

type Delegated = Awaited<ReturnType<typeof delegate>>;

let authority: Authority;
let other: Authority;
let first: Delegated;

const told = (more: Properties = {}): Properties => ({
    renewal: "relay",
    authorities: { ed25519: authority.certificate },
    authorityKeys: { ed25519: authority.privateKey },
    ...more,
});
const again = (news: Properties, state: Properties = {}): Promise<Delegated> =>
    delegate(proxyChange(told(news), { inputs: told(), outputs: { issuers: first.issuers, ...state } }));

beforeAll(async () => {
    [authority, other] = await Promise.all([authorityOf(), authorityOf()]);
    first = await delegate(proxyChange(told()));
});

test("a relay renews its certificates where the program says so", () => {
    expect(renewsItself(proxyInputs({ renewal: "relay" }))).toBe(true);
    expect(renewsItself(proxyInputs())).toBe(false);
});

describe("the relay's intermediate CA", () => {
    const isKept = async (delegated: Promise<Delegated>): Promise<boolean> => {
        const { issuers, files } = await delegated;
        const isSame = issuers["ed25519"]?.fingerprint === first.issuers["ed25519"]?.fingerprint;
        expect("issuer.ed25519.key" in files).toBe(!isSame);
        return isSame;
    };

    it("goes to the relay with its key, which is kept nowhere else, and with what it is to certify until when", () => {
        const { ed25519: issuer } = first.issuers;
        expect(Object.keys(issuer ?? {}).sort()).toEqual(["certificate", "fingerprint", "notAfter", "notBefore"]);
        expect(Object.keys(first.files)).toEqual(["issuer.ed25519.pem", "issuer.ed25519.key", "renewals"]);
        const certificate = new X509Certificate(first.files["issuer.ed25519.pem"]!);
        expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
        expect(renewals.parse(first.files.renewals)).toEqual([
            {
                service: "wiki",
                algorithm: "ed25519",
                until: Date.parse(issuer!.notAfter) / 1000,
                days: 90,
                name: "wiki.qp-tunnel.internal",
                addresses: ["10.8.0.1"],
            },
        ]);
    });

    it("is kept with other services of its kind", async () => {
        expect(await isKept(again({}))).toBe(true);
        const services = { wiki: { ...WIKI, port: 1 }, files: { ...WIKI, port: 2 } };
        const { files } = await again({ services });
        expect(Object.keys(files)).toEqual(["renewals"]);
        expect(renewals.parse(files.renewals).map(({ service }) => service)).toEqual(["wiki", "files"]);
    });

    it.each<[string, () => Properties, Properties]>([
        ["another machine", () => ({ machine: "m2" }), {}],
        ["other addresses", () => ({ addresses: ["10.8.0.1", "fd12::1"] }), {}],
        ["other names", () => ({ appName: "corp" }), {}],
        ["an earlier configuration", () => ({ configuration: 2 }), {}],
        [
            "another CA above it",
            () => ({ authorities: { ed25519: other.certificate }, authorityKeys: { ed25519: other.privateKey } }),
            {},
        ],
        ["one that is missing on the relay", () => ({}), { drift: { "issuer ed25519": "is missing" } }],
        ["a certificate that is wrong", () => ({}), { drift: { "certificate wiki": "was not issued by it" } }],
        ["none in the state", () => ({}), { issuers: {} }],
    ])("is made anew for %s", async (_what, news, state) => {
        expect(await isKept(again(news(), state))).toBe(false);
    });

    it("is made anew after a third of its life", async () => {
        const issuers = { ed25519: { ...first.issuers["ed25519"], notBefore: "2020-01-01T00:00:00Z" } };
        expect(await isKept(again({}, { issuers }))).toBe(false);
    });
});

describe("the certificates that a relay made", () => {
    const args = resolvedProxy(proxyInputs());
    /** The relay's answer with a certificate as it makes one. */
    async function answer(more: Partial<Parameters<typeof issueLeaf>[0]> = {}): Promise<Record<string, string>> {
        const { certificate } = await issueLeaf({
            authority: {
                certificate: first.files["issuer.ed25519.pem"]!,
                privateKey: first.files["issuer.ed25519.key"]!,
            },
            ...{ service: "wiki", appName: "qp-tunnel", addresses: ["10.8.0.1"], algorithm: "ed25519" },
            ...{ now: new Date(), crypto: webcrypto },
            ...more,
        });
        return {
            "certificate.wiki-relay.pem": certificate,
            "issuer.ed25519.pem": first.files["issuer.ed25519.pem"]!,
        };
    }
    const drift = (found: Record<string, string>, now = new Date(), of = args): string[] =>
        renewalDrift("qp-tunnel", of, first.issuers, found, now).map(({ sentence }) => sentence);

    it("are known by what it shows of them", async () => {
        const found = await answer();
        const shown = new X509Certificate(found["certificate.wiki-relay.pem"]!);
        expect(renewedCertificates(args, found)).toEqual({
            wiki: {
                file: "wiki-relay",
                renewal: "relay",
                fingerprint: shown.fingerprint256.replaceAll(":", "").toLowerCase(),
                notBefore: shown.validFromDate.toISOString().replace(".000", ""),
                notAfter: shown.validToDate.toISOString().replace(".000", ""),
            },
        });
        for (const nothing of [{}, { "certificate.wiki-relay.pem": "no certificate" }])
            expect(renewedCertificates(args, nothing).wiki).toMatchObject({ fingerprint: "", notAfter: "" });
    });

    it("are for the service's name and addresses, however an address is written", async () => {
        const dual = { ...args, addresses: ["10.8.0.1", "fd12::1"] };
        const found = await answer({ addresses: ["10.8.0.1", "fd12::1"], days: 90 });
        expect(drift(found, new Date(), dual)).toEqual([]);
        expect(drift(found)).toEqual([
            expect.stringMatching(
                /^the certificate of wiki is for other names \(DNS:wiki\.qp-tunnel\.internal, .*\); /,
            ),
        ]);
    });

    it("are missing, of another issuer, valid for too long, or expired", async () => {
        const { "certificate.wiki-relay.pem": _, ...none } = await answer();
        const says = (problem: string): string[] => [
            `the certificate of wiki ${problem}; \`pulumi up --refresh\` issues a new one`,
        ];
        expect(drift(none)).toEqual(says("is missing on the relay"));
        expect(drift(await answer({ authority }))).toEqual(says("was not issued by the relay's intermediate CA"));
        expect(drift(await answer({ days: 365 }))).toEqual(says("is valid for more than 90 days"));
        const found = await answer({ days: 90 });
        expect(drift(found)).toEqual([]);
        const { validToDate } = new X509Certificate(found["certificate.wiki-relay.pem"]!);
        expect(drift(found, validToDate)).toEqual(
            says(`expired on ${validToDate.toISOString().replace(".000", "")}: the relay does not renew it`),
        );
    });

    it("need the intermediate CA that was installed", async () => {
        const { "issuer.ed25519.pem": _, ...found } = await answer();
        const sentence =
            "the ed25519 intermediate CA for certificate renewal is missing or differs; `pulumi up --refresh` installs a new one";
        expect(drift(found)[0]).toBe(sentence);
        expect(drift({ ...found, "issuer.ed25519.pem": authority.certificate })[0]).toBe(sentence);
    });
});
