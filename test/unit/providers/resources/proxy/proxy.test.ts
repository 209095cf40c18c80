import { storeDrift } from "../../../../../core/drift.js";
import { renderCaddy } from "../../../../../core/caddy/index.js";
import type { Answers } from "../../../../../core/protocol/steps.js";
import * as caddyBinary from "../../../../../providers/hosts/caddyBinary.js";
import * as probe from "../../../../../providers/hosts/probe.js";
import { proxy, proxyParts } from "../../../../../providers/resources/proxy/proxy.js";
import { NOTHING_REMOVED } from "../../../../../providers/resources/relay/removedFirst.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { contextOf } from "../relay/lifecycle.js";
import { type Authority, authorityOf, proxyChange, proxyInputs, WIKI } from "./services.js";

let authority: Authority;
beforeAll(async () => void (authority = await authorityOf()));

const told = (more: Properties = {}): Properties => ({
    authorities: { ed25519: authority.certificate },
    authorityKeys: { ed25519: authority.privateKey },
    ...more,
});
const certificate = (fingerprint: string) => ({ file: "wiki-1", fingerprint, notBefore: "", notAfter: "" });
const certificates = { wiki: certificate("ab") };
/** What a relay answers that serves the one service. */
const healthy = {
    caddy: JSON.stringify(
        renderCaddy({
            ...{ adminSocket: "/run/qp-tunnel-wg0/admin.sock", listen: ["10.8.0.1"], appName: "qp-tunnel" },
            services: { wiki: { ...WIKI, certificateFile: "", keyFile: "" } },
        }),
    ),
    listeners: "10.8.0.1:8443 ours\n",
    "certificate.wiki-1.pem": "…",
};
const SERVED = {
    url: "https://wiki.qp-tunnel.internal:8443",
    addressUrl: "https://10.8.0.1:8443",
    upstream: "10.8.0.3:3000",
};

describe("an apply", () => {
    const outputs = async (
        answer: Answers<"proxy">,
        more: Properties = {},
    ): Promise<Awaited<ReturnType<typeof proxyParts.outputs>>> =>
        proxyParts.outputs(proxyChange(told(more)), answer, { certificates, issuers: {} });
    const probed = (result: object): jest.SpyInstance =>
        jest.spyOn(probe, "probeServices").mockResolvedValue({ wiki: result });

    it("brings Caddy to the relay where there are services, and sends what it serves with which certificates", async () => {
        const brought = jest.spyOn(caddyBinary, "provideCaddy").mockResolvedValue(undefined);
        const { files = {}, keep } = await proxyParts.desired(proxyChange(told()));
        expect(brought).toHaveBeenCalledTimes(1);
        expect(files.services).toBe("wiki\t8443\t10.8.0.3:3000\t10.8.0.1\n");
        expect(Object.keys(files).map((name) => name.replace(/wiki-[0-9a-f]{12}/, "wiki-N"))).toEqual([
            ...["caddy.json", "services", "cert.wiki-N.pem", "cert.wiki-N.key"],
        ]);
        expect(keep).toMatchObject({
            certificates: { wiki: { fingerprint: expect.any(String) as string } },
            issuers: {},
        });
        expect(JSON.stringify(keep)).not.toContain("PRIVATE KEY");
        await proxyParts.desired(proxyChange(told({ services: {} })));
        expect(brought).toHaveBeenCalledTimes(1);
    });

    it("leaves an intermediate CA on a relay that renews its certificates", async () => {
        jest.spyOn(caddyBinary, "provideCaddy").mockResolvedValue(undefined);
        const { files = {}, keep } = await proxyParts.desired(proxyChange(told({ renewal: "relay" })));
        expect(Object.keys(files)).toEqual([
            ...["caddy.json", "services", "unit.qp-tunnel-wg0-renewal.service", "unit.qp-tunnel-wg0-renewal.timer"],
            ...["issuer.ed25519.pem", "issuer.ed25519.key", "renewals"],
        ]);
        expect(files["caddy.json"]).toContain("/certs/wiki-relay.pem");
        expect(Object.keys(keep ?? {})).toEqual(["issuers"]);
    });

    it("says where each service is, and what was negotiated", async () => {
        probed({ group: "X25519MLKEM768", cipher: "TLS_AES_256_GCM_SHA384" });
        expect(await outputs(healthy)).toEqual({
            outputs: {
                served: { wiki: { ...SERVED, group: "X25519MLKEM768", cipher: "TLS_AES_256_GCM_SHA384" } },
                certificates,
                issuers: {},
                config: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
            },
            problems: [],
        });
    });

    it("fails for a service that does not negotiate what it promises, or is not served; that one is not asked", async () => {
        const asked = probed({ problem: "negotiated x25519 instead of X25519MLKEM768; use another Caddy" });
        expect((await outputs(healthy)).problems).toEqual([
            "service wiki on this machine: negotiated x25519 instead of X25519MLKEM768; use another Caddy",
        ]);
        asked.mockClear();
        const { outputs: found, problems } = await outputs({ ...healthy, caddy: "" });
        expect(problems).toEqual(["the proxy is not running: wiki cannot be reached; `pulumi up --refresh` starts it"]);
        expect(found.served).toEqual({ wiki: { ...SERVED, group: "none", cipher: "none" } });
        expect(asked).not.toHaveBeenCalled();
    });
});

describe("a refresh", () => {
    const drift = (outputs: Properties, more: Properties = {}): Record<string, string> =>
        storeDrift(proxyParts.drift(proxyInputs(more), proxyParts.parseOutputs({ certificates, ...outputs }), healthy));

    it("compares the running configuration, what listens, and the relay's own certificates where it makes them", () => {
        expect(drift({})).toEqual({});
        expect(drift({ config: "ab".repeat(32) })).toEqual({
            configuration: "Caddy's running configuration was changed; `pulumi up --refresh` loads it again",
        });
        expect(drift({ certificates: { wiki: { ...certificate("ab"), file: "wiki-2" } } })).toHaveProperty([
            "certificate wiki",
        ]);
        expect(drift({}, { renewal: "relay" })).toEqual({
            "certificate wiki":
                "the certificate of wiki is missing on the relay; `pulumi up --refresh` issues a new one",
        });
    });
});

it("a preview knows what is served where no service, address or renewal changes", () => {
    const state = { served: { wiki: SERVED }, certificates };
    const preview = (news: Properties): Properties =>
        proxyParts.previewOutputs(proxyChange(news, { inputs: {}, outputs: state }));
    expect(preview({})).toMatchObject(state);
    const unknown = { served: UNKNOWN, certificates: UNKNOWN, issuers: UNKNOWN };
    for (const news of [{ services: {} }, { addresses: ["10.8.0.2"] }, { renewal: "relay" }])
        expect(preview(news)).toEqual(unknown);
});

it("the version of the configuration is compared only where there is a service", async () => {
    const checked = async (services: Properties): Promise<unknown> =>
        (await proxy.check(proxyInputs({ services }), undefined, contextOf())).inputs.configuration;
    expect(await checked({ wiki: WIKI })).toEqual(expect.any(Number));
    expect(await checked({})).toBeUndefined();
});

describe("records", () => {
    const served = { wiki: { ...SERVED, group: "X25519MLKEM768", cipher: "TLS_AES_256_GCM_SHA384" } };
    const outcomes = (
        change: ReturnType<typeof proxyChange>,
        outputs: Properties = { served, certificates },
    ): [string, string][] =>
        proxyParts
            .outcomes(change, proxyParts.parseOutputs(outputs), {})
            .map(({ action, message }) => [action, message]);
    const then = (inputs: Properties = {}) => ({ inputs, outputs: { served, certificates } });
    const OPENED: [string, string] = ["service_open", `Opened wiki at ${SERVED.url}`];
    const SERVES: [string, string] = ["services_apply", "Relay hub serves 1 service"];

    it("say which services are opened, with what they present, and which are closed", () => {
        expect(outcomes(proxyChange({}))).toEqual([OPENED, SERVES]);
        const state = proxyParts.parseOutputs({ served, certificates });
        expect(proxyParts.outcomes(proxyChange({}), state, {})[0]?.details).toEqual({
            relay: "hub",
            name: "wiki",
            upstream: "10.8.0.3:3000",
            port: 8443,
            listen_ip: "10.8.0.1",
            tls_fingerprint: "SHA256:ab",
            group: "X25519MLKEM768",
            cipher: "TLS_AES_256_GCM_SHA384",
        });
        const told = { authorities: { "ecdsa-p256": "PEM", ed25519: "PEM" } };
        expect(proxyParts.outcomes(proxyChange(told), state, {}).at(-1)?.details).toEqual({
            ...{ relay: "hub", services: ["wiki"], authorities: ["ecdsa-p256", "ed25519"] },
        });
        expect(outcomes(proxyChange({ services: {} }, then()), {})).toEqual([
            ["service_close", "Closed wiki (port 8443)"],
            ["services_apply", "Relay hub serves 0 services"],
        ]);
    });

    it("name a service again when its certificate changes, or when it was closed first, and not otherwise", () => {
        expect(outcomes(proxyChange({}, then()))).toEqual([SERVES]);
        const renewed = { served, certificates: { wiki: certificate("cd") } };
        expect(outcomes(proxyChange({}, then()), renewed)).toEqual([OPENED, SERVES]);
        const removed = { ...NOTHING_REMOVED, services: new Set(["wiki"]) };
        const restored = { ...proxyChange({}, then()), removed };
        expect(outcomes(restored)).toEqual([OPENED, SERVES]);
        expect(proxyParts.restored?.(restored)).toEqual([
            { kind: "service", name: "wiki", sentence: "wiki was closed first and is reopened" },
        ]);
    });

    it("announce what is applied, and say what a removal closes", () => {
        expect(proxyParts.begin(proxyChange({}))).toEqual({
            action: "services_apply",
            message: "Apply the services of relay hub",
            details: { relay: "hub", services: ["wiki"] },
        });
        expect(proxyParts.ending(proxyInputs(), {}).map(({ action, message }) => [action, message])).toEqual([
            ["services_remove", "Removed the proxy of relay hub"],
            ["service_close", "Closed wiki (port 8443)"],
        ]);
    });
});
