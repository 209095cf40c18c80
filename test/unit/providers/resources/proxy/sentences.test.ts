import { type ProxyChange, type ProxyPlan, readProxy } from "../../../../../providers/resources/proxy/inputs.js";
import { readProxyOutputs } from "../../../../../providers/resources/proxy/outputs.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { PLACE } from "../relays.js";
import type { ProxyService } from "../../../../../core/registry/model.js";
import {
    proxySentences,
    proxyWarnings,
    renewals,
    withoutReissued,
} from "../../../../../providers/resources/proxy/sentences.js";

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
const inputs = (services: Record<string, ProxyService>): ProxyPlan => readProxy({ ...PLACE, services });
const leaf = (notBefore = START, notAfter = END) => ({ file: "", fingerprint: "", notBefore, notAfter });

function change(
    before: Record<string, ProxyService> | undefined,
    after: Record<string, ProxyService>,
    certificates: Record<string, ReturnType<typeof leaf>> = {},
): ProxyChange {
    return {
        ...(before === undefined
            ? {}
            : { before: { inputs: inputs(before), outputs: readProxyOutputs({ certificates }) } }),
        inputs: inputs(after),
        context: {} as ProxyChange["context"],
    };
}

const at = (time: string) => jest.useFakeTimers({ now: new Date(time) });
afterEach(() => jest.useRealTimers());

const wiki = { wiki: service() };
const RELOAD =
    "hub: the proxy reloads its configuration: idle keep-alive connections to services are reset, all others continue";

it("says that services are not known yet, and not that all of them close", () => {
    const { before } = change(wiki, wiki);
    const now = { before: before!, inputs: readProxy({ ...PLACE, services: UNKNOWN }), context: {} as never };
    expect(proxySentences(now)).toEqual([
        "hub: the services are not known before the update: other resources supply values in them",
    ]);
});

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
            [`hub: certificate of wiki is valid until ${END}, 60 days more; the next \`pulumi up\` renews it`],
        ],
        [
            "2026-12-25T12:00:00Z",
            [`hub: certificate of wiki is valid until ${END}, 1 day more; the next \`pulumi up\` renews it`],
        ],
        [
            "2026-12-26T23:00:00Z",
            [`hub: certificate of wiki is valid until ${END}, less than a day more; the next \`pulumi up\` renews it`],
        ],
        [
            "2027-01-05T00:00:00Z",
            [`hub: certificate of wiki expired on ${END}: clients refuse it; the next \`pulumi up\` renews it`],
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
            'hub: service wiki also accepts clients without a post-quantum key exchange (`keyExchange: "prefer"`): an attacker who records their traffic can decrypt it with a future quantum computer',
        ]);
        expect(proxyWarnings(change(after, after))).toEqual([]);
    });

    it("of an earlier version of the configuration says what the present one changes, and a new one does not", () => {
        const present = (services: Record<string, ProxyService>) => ({ ...inputs(services), configuration: 2 });
        const upgrade = { ...change(wiki, wiki), inputs: present(wiki) };
        expect(proxySentences(upgrade)).toEqual([
            "hub: services no longer receive headers in which a client describes itself, such as X-Real-IP and Forwarded",
            RELOAD,
        ]);
        const first = { ...change({}, wiki), inputs: present(wiki) };
        expect(proxySentences(first)).toEqual(["hub: service wiki opens on port 8443, for 127.0.0.1:3000"]);
    });

    it("that gets a second certificate says for whom that means something", () => {
        const both = { wiki: service({ certificate: "both" }) };
        expect(proxySentences(change(undefined, both))).toEqual([
            "hub: service wiki opens on port 8443, for 127.0.0.1:3000",
        ]);
        expect(proxySentences(change(wiki, both))).toEqual([
            "hub: service wiki changes its certificate from ecdsa-p256 to both; its clients reconnect",
            "hub: service wiki presents its Ed25519 certificate to clients that accept it, which must then trust that CA too: hand it out with `qp-tunnel ca` first; browsers are not affected",
            RELOAD,
        ]);
        at("2026-05-01T00:00:00Z");
        const due = change(both, both, { wiki: leaf(), "wiki.p256": leaf() });
        expect(Object.keys(renewals(due))).toEqual(["certificates.wiki.renew", 'certificates["wiki.p256"].renew']);
        expect(proxySentences(due)).toEqual([
            "hub: certificate of wiki is renewed",
            "hub: certificate of wiki (P-256) is renewed",
            RELOAD,
        ]);
    });

    it("gets certificates of another authority when its key is another, not when its certificate was reissued", () => {
        const of = (key: string, certificate: string) => ({
            ...inputs(wiki),
            authorities: { "ecdsa-p256": certificate },
            authorityKeys: { "ecdsa-p256": key },
        });
        at(START);
        const between = (then: ProxyPlan, now: ProxyPlan): ProxyChange => ({
            before: { inputs: then, outputs: readProxyOutputs({ certificates: { wiki: leaf() } }) },
            inputs: now,
            context: {} as ProxyChange["context"],
        });
        const [reissued, replaced, added] = [
            between(of("K", "old"), of("K", "new")),
            between(of("K", "old"), of("L", "new")),
            between(of("K", "old"), {
                ...of("K", "old"),
                authorities: { "ecdsa-p256": "old", ed25519: "another" },
                authorityKeys: { "ecdsa-p256": "K", ed25519: "L" },
            }),
        ];
        const compared = { authorities: "update", "authorities.ed25519": "add", services: "update" } as const;
        for (const each of [reissued, added]) {
            expect(proxySentences(each)).toEqual([]);
            expect(withoutReissued(each, compared)).toEqual({ services: "update" });
        }
        expect(proxySentences(replaced)).toEqual([
            "hub: services get certificates of a new CA, which their clients must trust first",
            RELOAD,
        ]);
        expect(withoutReissued(replaced, compared)).toEqual({ services: "update", "authorities.ecdsa-p256": "update" });
    });

    it("with a certificate that no browser accepts says so when it opens, and when it changes to that", () => {
        const edwards = { wiki: service({ certificate: "ed25519" }) };
        const sentence =
            'hub: service wiki has an Ed25519 certificate, which no browser accepts; use `certificate: "both"` for browsers';
        expect(proxySentences(change(undefined, edwards))).toEqual([
            "hub: service wiki opens on port 8443, for 127.0.0.1:3000",
            sentence,
        ]);
        expect(proxySentences(change(wiki, edwards))).toContain(sentence);
        expect(proxySentences(change(edwards, { wiki: service({ certificate: "ed25519", port: 8444 }) }))).toEqual([
            "hub: service wiki changes its port from 8443 to 8444; its clients reconnect",
            RELOAD,
        ]);
        expect(proxySentences(change(undefined, wiki))).not.toContain(sentence);
    });

    it("with a P-256 certificate beside its Ed25519 one goes on as before for whoever uses it", () => {
        const edwards = { wiki: service({ certificate: "ed25519" }) };
        const sentence =
            "hub: service wiki gets a P-256 certificate in addition to its Ed25519 one: browsers can open it once they trust the relay's P-256 CA (`qp-tunnel ca`); existing clients get the same certificate as before";
        expect(proxySentences(change(edwards, { wiki: service({ certificate: "both" }) }))).toEqual([sentence, RELOAD]);
        expect(proxySentences(change({ wiki: service({ certificate: "both" }) }, edwards))).toEqual([
            "hub: service wiki changes its certificate from both to ed25519; its clients reconnect",
            "hub: service wiki no longer has its P-256 certificate: clients that trust only that CA can no longer connect; hand out the Ed25519 one with `qp-tunnel ca` first",
            'hub: service wiki has an Ed25519 certificate, which no browser accepts; use `certificate: "both"` for browsers',
            RELOAD,
        ]);
        expect(proxySentences(change(edwards, { wiki: service({ certificate: "both", port: 8444 }) }))).toEqual([
            "hub: service wiki changes its port from 8443 to 8444; its clients reconnect",
            sentence,
            RELOAD,
        ]);
    });
});

describe("a relay that renews by itself", () => {
    const own = (more: Properties = {}): ProxyPlan => readProxy({ ...inputs(wiki), addresses: ["10.8.0.1"], ...more });
    const issuers = { "ecdsa-p256": { certificate: "", fingerprint: "", notBefore: START, notAfter: END } };
    const certificates = { wiki: { ...leaf("2025-01-01T00:00:00Z", "2025-04-01T00:00:00Z"), renewal: "relay" } };
    const next = (before: ProxyPlan, after: ProxyPlan): ProxyChange => ({
        before: { inputs: before, outputs: readProxyOutputs({ certificates, issuers }) },
        inputs: after,
        context: {} as ProxyChange["context"],
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
            "hub: its ecdsa-p256 intermediate CA for certificate renewal is renewed",
        );
        expect(proxyWarnings(next(relay, relay))).toEqual([]);
        at("2026-12-17T00:00:00Z");
        expect(proxyWarnings(next(relay, relay))).toEqual([
            `hub: its ecdsa-p256 intermediate CA for certificate renewal is valid until ${END}, 10 days more; the next \`pulumi up\` installs a new one`,
        ]);
    });

    it("is announced, and so is the end of it", () => {
        expect(proxySentences({ inputs: relay, context: {} as ProxyChange["context"] })).toContain(
            "hub: renews the certificates of its services itself from now on, each valid for 90 days: an intermediate CA for names below qp-tunnel.internal and 10.8.0.1 is installed on it",
        );
        expect(proxySentences(next(relay, own()))[0]).toBe(
            `hub: certificates are renewed by \`pulumi up\` again; the intermediate CA on the relay is deleted, but a copy of it could be used until ${END}`,
        );
    });
});
