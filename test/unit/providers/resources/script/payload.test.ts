import { parseBundle } from "../../../../../core/protocol/bundle.js";
import { parsePeers } from "../../../../../core/protocol/peers.js";
import type { Certificates } from "../../../../../providers/resources/script/inputs.js";
import {
    bundlesOf,
    type Payload,
    payloadOf,
    REMOVAL,
    wireGuardOf,
} from "../../../../../providers/resources/script/payload.js";
import type { Properties } from "../../../../../providers/resources/resource.js";
import { KEYS } from "../relays.js";
import { NOTES, scriptChange, scriptInputs } from "./scripts.js";

const certificate = {
    file: "notes-1",
    fingerprint: "",
    notBefore: "",
    notAfter: "",
    certificate: "PEM\n",
    request: "",
};
const payload = (more: Properties = {}, certificates: Certificates = {}): Promise<Payload> =>
    payloadOf(scriptChange(more), certificates);

it("does the steps of every other host in their order, with the removals first and what it reads back last", async () => {
    const steps = await payload();
    expect(Object.keys(steps)).toEqual([
        ...["removals", "check", "host", "firewall", "wireguard", "requests", "proxy", "grants", "receipt"],
    ]);
    expect(steps.check).toEqual({
        values: { services: 0 },
        files: { networks: "10.8.0.0/24\n", routes: "192.168.7.0/24\n" },
    });
    expect(steps.removals?.files?.elements).toBe(steps.grants?.files?.elements);
    expect(steps.receipt?.files).toEqual({ services: "", keys: `${KEYS.alice}\n${KEYS.bob}\n` });
});

it("leaves the relay's private key to the relay", async () => {
    const { wireguard } = await payload();
    expect(wireguard?.values).toEqual({ identity: "host" });
    expect(wireguard?.files?.interfaces).toBe("wg0\t51820\t1\t-\n");
    expect(Object.keys(wireguard?.files ?? {})).toEqual(["interfaces", "peers", "network"]);
    expect(parsePeers(wireguard?.files?.peers).map(({ name }) => name)).toEqual(["alice", "bob"]);
    expect(wireGuardOf(scriptInputs()).privateKeys).toBeUndefined();
});

describe("a service", () => {
    const told = {
        services: { notes: NOTES },
        subnet6: "fd12::/64",
        address6: "fd12::1",
        rules: {
            alice: ["10.8.0.2 -> 10.8.0.1 tcp/8443", "fd12::2 -> fd12::1 tcp/8443", "10.8.0.2 -> 10.8.0.3 tcp/8443"],
        },
    };

    it("without a certificate is asked for one, and neither served nor reachable: its port on other addresses stays allowed", async () => {
        const steps = await payload(told);
        expect(steps.check).toMatchObject({ values: { services: 1 }, files: { networks: "10.8.0.0/24\nfd12::/64\n" } });
        expect(steps.requests?.files?.wanted).toBe("notes\ted25519\n");
        expect(steps.proxy?.files).toMatchObject({ services: "", "leaf-keys": "" });
        expect(steps.removals?.files?.services).toBe("");
        expect(steps.grants?.files?.elements).toBe("acl4 10.8.0.2 . 10.8.0.3 . tcp . 8443\n");
    });

    it("with one is served, with the relay's own key", async () => {
        const steps = await payload(told, { notes: certificate });
        expect(steps.proxy?.files).toMatchObject({
            "cert.notes-1.pem": "PEM\n",
            "leaf-keys": "notes-1\tnotes-ed25519\n",
            services: "notes\t8443\t10.8.0.3:3000\t10.8.0.1\n",
        });
        expect(steps.proxy?.files?.["caddy.json"]).toContain("/certs/notes-1.key");
        expect(steps.receipt?.files?.services).toBe(steps.proxy?.files?.services);
        expect(steps.removals?.files?.services).toBe("notes\t8443\n");
        expect(steps.grants?.files?.elements?.split("\n")).toHaveLength(4);
    });
});

it("each step is told the relay's names, the record, and what is its own", async () => {
    const change = scriptChange();
    const bundles = bundlesOf(change, await payload(), { id: "r1", auditMark: "mark" });
    expect(Object.keys(bundles)).toHaveLength(9);
    const { manifest = "", ...files } = parseBundle(bundles["check"] ?? "");
    const values = Object.fromEntries(manifest.split("\n").map((line) => line.split("\t")));
    expect(values).toMatchObject({
        step: "check",
        owner: "shop/dev/hub",
        interface: "wg0",
        id: "r1",
        auditMark: "mark",
        services: "0",
    });
    expect(files).toEqual({ networks: "10.8.0.0/24\n", routes: "192.168.7.0/24\n" });
    expect(Object.keys(bundlesOf(change, REMOVAL, {}))).toEqual(["remove"]);
});
