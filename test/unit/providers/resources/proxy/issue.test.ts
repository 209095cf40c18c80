import { X509Certificate } from "node:crypto";

import { certificateInfo } from "../../../../../core/certificates/index.js";
import { issue } from "../../../../../providers/resources/proxy/issue.js";
import type { Properties } from "../../../../../providers/resources/resource.js";
import { type Authority, authorityOf, proxyChange, WIKI } from "./services.js";

type Issued = Awaited<ReturnType<typeof issue>>;

let authority: Authority;
let second: Authority;
let other: Authority;
let first: Issued;

/** What the proxy is told, with its CAs. */
const told = (more: Properties = {}): Properties => ({
    authorities: { ed25519: authority.certificate, "ecdsa-p256": second.certificate },
    authorityKeys: { ed25519: authority.privateKey, "ecdsa-p256": second.privateKey },
    ...more,
});
/** An update from the first apply. */
const again = (news: Properties, state: Properties = {}): Promise<Issued> => {
    const outputs = { certificates: first.certificates, ...state };
    return issue(proxyChange(told(news), { inputs: told(), outputs }));
};
const isKept = async (issued: Promise<Issued>): Promise<boolean> => {
    const { certificates, files } = await issued;
    const isSame = certificates["wiki"]?.fingerprint === first.certificates["wiki"]?.fingerprint;
    expect(Object.keys(files)).toHaveLength(isSame ? 0 : 2);
    return isSame;
};

beforeAll(async () => {
    [authority, second, other] = await Promise.all([authorityOf(), authorityOf("ecdsa-p256"), authorityOf()]);
    first = await issue(proxyChange(told()));
});

it("sends certificate and key to the relay, and keeps neither", async () => {
    const { wiki } = first.certificates;
    const file = `wiki-${wiki?.fingerprint.slice(0, 12)}`;
    expect(Object.keys(wiki ?? {})).toEqual(["file", "fingerprint", "notBefore", "notAfter"]);
    expect(wiki?.file).toBe(file);
    expect(Object.keys(first.files)).toEqual([`cert.${file}.pem`, `cert.${file}.key`]);
    const certificate = first.files[`cert.${file}.pem`] ?? "";
    expect(certificateInfo(certificate)).toMatchObject({
        fingerprint: wiki?.fingerprint,
        names: ["wiki.qp-tunnel.internal", "10.8.0.1"],
    });
    expect(new X509Certificate(certificate).checkIssued(new X509Certificate(authority.certificate))).toBe(true);
    expect(first.files[`cert.${file}.key`]).toContain("PRIVATE KEY");
});

it("issues nothing while nothing about a certificate changes", async () => {
    expect(await isKept(again({}))).toBe(true);
    expect(await isKept(again({ services: { wiki: { ...WIKI, port: 8444, upstream: "10.8.0.4:80" } } }))).toBe(true);
    // The CA's own certificate may be reissued: it is its key that counts.
    expect(await isKept(again({ authorities: { ed25519: other.certificate } }))).toBe(true);
});

it.each<[string, () => Properties, Properties]>([
    ["other addresses", () => ({ addresses: ["10.8.0.1", "fd12::1"] }), {}],
    ["another machine, which has no keys yet", () => ({ machine: "m2" }), {}],
    ["another interface", () => ({ interface: "wg1" }), {}],
    ["other names", () => ({ appName: "corp" }), {}],
    [
        "another CA",
        () => ({ authorities: { ed25519: other.certificate }, authorityKeys: { ed25519: other.privateKey } }),
        {},
    ],
    ["another kind of certificate", () => ({ services: { wiki: { ...WIKI, certificate: "ecdsa-p256" } } }), {}],
    ["a certificate file that is gone", () => ({}), { drift: { "certificate wiki": "is missing on the relay" } }],
    ["nothing in the state", () => ({}), { certificates: {} }],
])("issues a new one for %s", async (_what, news, state) => {
    expect(await isKept(again(news(), state))).toBe(false);
});

it("issues a new one when it is due, or was made by the relay itself", async () => {
    const with_ = (more: object): Properties => ({
        certificates: { wiki: { ...first.certificates["wiki"], ...more } },
    });
    expect(await isKept(again({}, with_({ notBefore: "2020-01-01T00:00:00Z" })))).toBe(false);
    expect(await isKept(again({}, with_({ renewal: "relay" })))).toBe(false);
});

it("issues one of each kind, and renews both together", async () => {
    const both = { services: { wiki: { ...WIKI, certificate: "both" } } };
    const { certificates } = await again(both);
    expect(Object.keys(certificates)).toEqual(["wiki", "wiki.p256"]);
    // Clients of the first one get the same certificate as before.
    expect(certificates["wiki"]).toEqual(first.certificates["wiki"]);
    const due = { ...certificates, "wiki.p256": { ...certificates["wiki.p256"], notBefore: "2020-01-01T00:00:00Z" } };
    const renewed = await issue(proxyChange(told(both), { inputs: told(both), outputs: { certificates: due } }));
    expect(Object.keys(renewed.files)).toHaveLength(4);
    const fresh = await issue(proxyChange(told(both), { inputs: told(both), outputs: { certificates } }));
    expect(fresh).toEqual({ certificates, files: {} });
});
