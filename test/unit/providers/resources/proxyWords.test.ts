import type { ProxyService } from "../../../../core/model.js";
import { proxySentences, proxyWarnings, renewals } from "../../../../providers/resources/proxyWords.js";
import type { Change } from "../../../../providers/resources/relayResource.js";

const START = "2026-01-01T00:00:00Z";
/** 360 days later: a third is over on May 1st, the last 60 days begin on October 28th. */
const END = "2026-12-27T00:00:00Z";

const service = (more: Partial<ProxyService> = {}): ProxyService => ({
    port: 8443,
    upstream: "127.0.0.1:3000",
    certificate: "ecdsa-p256",
    keyExchange: "require",
    ...more,
});
const inputs = (services: Record<string, ProxyService>) => ({ relay: "hub", services });
const leaf = (notBefore = START, notAfter = END) => ({ file: "", fingerprint: "", notBefore, notAfter });

function change(
    before: Record<string, ProxyService> | undefined,
    after: Record<string, ProxyService>,
    certificates: Record<string, ReturnType<typeof leaf>> = {},
): Change {
    return {
        ...(before === undefined ? {} : { before: { inputs: inputs(before), outputs: { certificates } } }),
        inputs: inputs(after),
        context: {} as Change["context"],
    };
}

const at = (time: string) => jest.useFakeTimers({ now: new Date(time) });
afterEach(() => jest.useRealTimers());

const wiki = { wiki: service() };
const RELOAD =
    "hub: the proxy loads its new configuration: idle keep-alive connections to services are reset, others go on";

describe("a certificate", () => {
    const unchanged = () => change(wiki, wiki, { wiki: leaf() });

    it("is left alone and not mentioned in its first third", () => {
        at("2026-04-30T23:59:59Z");
        expect(renewals(unchanged())).toEqual({});
        expect([proxySentences(unchanged()), proxyWarnings(unchanged())]).toEqual([[], []]);
    });

    it("is renewed from then on, which is no reason to warn", () => {
        at("2026-05-01T00:00:00Z");
        expect(renewals(unchanged())).toEqual({ "certificates.wiki.renew": "update" });
        expect(proxySentences(unchanged())).toEqual(["hub: certificate of wiki is renewed", RELOAD]);
        expect(proxyWarnings(unchanged())).toEqual([]);
    });

    it.each([
        ["2026-10-27T23:59:59Z", []],
        [
            "2026-10-28T00:00:00Z",
            [`hub: certificate of wiki is valid until ${END}, 60 days more; the next up renews it`],
        ],
        ["2026-12-25T12:00:00Z", [`hub: certificate of wiki is valid until ${END}, 1 day more; the next up renews it`]],
        [
            "2026-12-26T23:00:00Z",
            [`hub: certificate of wiki is valid until ${END}, less than a day more; the next up renews it`],
        ],
        [
            "2027-01-05T00:00:00Z",
            [`hub: certificate of wiki has been invalid since ${END}: clients refuse it; the next up renews it`],
        ],
    ])("is warned about in its last 60 days: on %s %j", (time, warnings) => {
        at(time);
        expect(proxyWarnings(unchanged())).toEqual(warnings);
    });

    it("that its authority's end cuts short is warned about before it can be renewed for longer", () => {
        at("2026-12-01T00:00:00Z");
        const short = leaf("2026-11-30T00:00:00Z");
        expect(proxyWarnings(change(wiki, wiki, { wiki: short }))).toEqual([
            `hub: certificate of wiki is valid until ${END}, 26 days more`,
        ]);
    });

    it("of a service that closes is nobody's concern", () => {
        at("2026-12-01T00:00:00Z");
        const closing = change(wiki, {}, { wiki: leaf() });
        expect([renewals(closing), proxyWarnings(closing)]).toEqual([{}, []]);
    });
});

describe("a service", () => {
    it.each([
        ["that is new", undefined],
        ["that was stricter", wiki],
    ])("%s and takes clients without a post-quantum key exchange is warned about", (_what, before) => {
        const after = { wiki: service({ keyExchange: "prefer" }) };
        expect(proxyWarnings(change(before, after))).toEqual([
            'hub: service wiki also accepts clients without a post-quantum key exchange (`keyExchange: "prefer"`): who records what these send can read it once there is a quantum computer',
        ]);
        expect(proxyWarnings(change(after, after))).toEqual([]);
    });

    it("with a certificate that no browser accepts says so when it opens, and when it changes to that", () => {
        const edwards = { wiki: service({ certificate: "ed25519" }) };
        const sentence =
            'hub: service wiki has an Ed25519 certificate, which no browser accepts; `certificate: "ecdsa-p256"` is for those';
        expect(proxySentences(change(undefined, edwards))).toEqual([
            "hub: service wiki opens on port 8443, for 127.0.0.1:3000",
            sentence,
        ]);
        expect(proxySentences(change(wiki, edwards))).toContain(sentence);
        expect(proxySentences(change(edwards, { wiki: service({ certificate: "ed25519", port: 8444 }) }))).toEqual([
            "hub: service wiki changes; who uses it reconnects",
            RELOAD,
        ]);
        expect(proxySentences(change(undefined, wiki))).not.toContain(sentence);
    });
});

describe("a relay that renews by itself", () => {
    const own = (more: Partial<Change["inputs"]> = {}) => ({
        ...inputs(wiki),
        addresses: ["10.8.0.1"],
        appName: "qp-tunnel",
        ...more,
    });
    const issuers = { "ecdsa-p256": { certificate: "", fingerprint: "", notBefore: START, notAfter: END } };
    const certificates = { wiki: { ...leaf("2025-01-01T00:00:00Z", "2025-04-01T00:00:00Z"), renewal: "relay" } };
    const next = (before: Change["inputs"], after: Change["inputs"]): Change => ({
        before: { inputs: before, outputs: { certificates, issuers } },
        inputs: after,
        context: {} as Change["context"],
    });
    const relay = own({ renewal: "relay" });

    it("is not warned about certificates whose end the state cannot know", () => {
        at("2026-04-30T23:59:59Z");
        expect([
            proxyWarnings(next(relay, relay)),
            proxySentences(next(relay, relay)),
            renewals(next(relay, relay)),
        ]).toEqual([[], [], {}]);
    });

    it("gets a new authority after a third of its life, and a warning in the last 60 days", () => {
        at("2026-05-01T00:00:00Z");
        expect(renewals(next(relay, relay))).toEqual({ "issuers.ecdsa-p256.renew": "update" });
        expect(proxySentences(next(relay, relay))[0]).toBe(
            "hub: the authority with which it renews ecdsa-p256 certificates is renewed",
        );
        expect(proxyWarnings(next(relay, relay))).toEqual([]);
        at("2026-12-17T00:00:00Z");
        expect(proxyWarnings(next(relay, relay))).toEqual([
            `hub: the authority with which it renews ecdsa-p256 certificates is valid until ${END}, 10 days more; the next up leaves it a new one`,
        ]);
    });

    it("is announced, and so is the end of it", () => {
        expect(proxySentences({ inputs: relay, context: {} as Change["context"] })).toContain(
            "hub: renews the certificates of its services by itself from now on, each valid for 90 days: an authority for names below qp-tunnel.internal and 10.8.0.1 is left on it",
        );
        expect(proxySentences(next(relay, own()))[0]).toBe(
            `hub: certificates are renewed by an up again; the relay's own authority is deleted there, and who copied it could use it until ${END}`,
        );
    });
});
