import { renderCaddy, type CaddyService } from "../../../../../core/caddy/index.js";
import { firewallInputs, proxyInputs, wireguardInputs } from "../../../../../providers/resources/import/imported.js";
import { findRelay, recordedNetwork, type Found } from "../../../../../providers/resources/import/importing.js";
import type { Context } from "../../../../../providers/resources/resource.js";

const found = {
    placed: { relay: "office", interface: "wg0" },
    machine: { machine: "m1", hostKey: "" },
} as unknown as Found;
const answer = {
    "record.network":
        "address 10.8.0.1/24\naddress fd12:3456:789a::1/64\nmtu 1380\nroute 192.168.7.0/24\nbehind 10.0.0.0/8\n",
    "record.interfaces": "wg0b\t4501\t2\tpub\nwg0\t4500\t3\tpub\n",
    "record.key.wg0": "KEY3\n",
    "record.key.wg0b": "KEY2\n",
    "record.peers":
        "A\tPSK\t10.8.0.2/32,fd12:3456:789a::2/128\toff\t(none)\t-\talice\n" +
        "B\t(none)\t10.8.0.3/32,192.168.7.0/24,fd12:3456:789a::3/128\toff\t(none)\t1798761600\tnas\n",
};

describe("what a relay keeps of its program", () => {
    it("is its networks", () => {
        expect(recordedNetwork(answer)).toStrictEqual({
            subnet: "10.8.0.0/24",
            address: "10.8.0.1",
            prefix: 24,
            subnet6: "fd12:3456:789a::/64",
            address6: "fd12:3456:789a::1",
            prefix6: 64,
            mtu: 1380,
            routes: ["10.0.0.0/8"],
        });
        expect(firewallInputs(found, answer)).toMatchObject({ subnet6: "fd12:3456:789a::/64", routes: ["10.0.0.0/8"] });
    });

    it("is its keys, by epoch, and its peers with what is behind them and until when", () => {
        expect(wireguardInputs(found, answer)).toMatchObject({
            listenPort: 4500,
            epochs: [2, 3],
            privateKeys: { 2: "KEY2", 3: "KEY3" },
            peers: {
                alice: { address: "10.8.0.2", address6: "fd12:3456:789a::2", publicKey: "A" },
                nas: {
                    address: "10.8.0.3",
                    publicKey: "B",
                    routes: ["192.168.7.0/24"],
                    expires: "2027-01-01T00:00:00Z",
                },
            },
            presharedKeys: { alice: "PSK", nas: "none" },
        });
    });
});

describe("of services a relay keeps", () => {
    const p256 = Buffer.from("308206072a8648ce3d0201", "hex").toString("base64");
    const served = {
        ...answer,
        "record.services": "notes\t8443\t10.8.0.3:3000\t10.8.0.1\nwiki\t8444\t192.0.2.1:80\t10.8.0.1\n",
        "certificate.wiki-0123456789ab.pem": `-----BEGIN CERTIFICATE-----\n${p256}\n-----END CERTIFICATE-----\n`,
    };

    it("what they are, and by their certificates of which kind", () => {
        const inputs = proxyInputs(found, served);
        expect(inputs["services"]).toMatchObject({
            notes: { port: 8443, upstream: "10.8.0.3:3000", certificate: "ed25519" },
            wiki: { port: 8444, upstream: "192.0.2.1:80", certificate: "ecdsa-p256" },
        });
        expect(inputs).not.toHaveProperty("renewal");
        expect(inputs).not.toHaveProperty("configuration");
    });

    it("that one has a certificate of each kind", () => {
        const { "certificate.wiki-0123456789ab.pem": pem, ...rest } = served;
        const inputs = proxyInputs(found, {
            ...rest,
            "certificate.wiki-00000000000a.pem": "",
            "certificate.wiki.p256-0123456789ab.pem": pem,
        });
        expect(inputs["services"]).toMatchObject({ wiki: { certificate: "both" } });
    });

    it("whether they strip what clients say of themselves", () => {
        const services = {
            notes: { port: 8443, upstream: "10.8.0.3:3000", certificate: "ed25519", keyExchange: "require" },
        };
        const file = { certificateFile: "", keyFile: "" };
        const caddy = renderCaddy({
            adminSocket: "/run/admin.sock",
            listen: ["10.8.0.1"],
            appName: "qp-tunnel",
            services: { notes: { ...services.notes, ...file } as CaddyService },
        });
        expect(proxyInputs(found, { ...served, caddy: JSON.stringify(caddy) })).toHaveProperty("configuration", 2);
    });

    it("that it renews their certificates itself, by the issuers it was left", () => {
        const { "certificate.wiki-0123456789ab.pem": pem, ...rest } = served;
        const inputs = proxyInputs(found, { ...rest, "certificate.wiki-relay.pem": pem, "issuer.ecdsa-p256.pem": pem });
        expect(inputs["renewal"]).toBe("relay");
        expect(inputs["services"]).toMatchObject({ wiki: { certificate: "ecdsa-p256" } });
    });
});

test.each(["wg0", "local/", "local/wg0/App", "local/all", "a/b/c/d", "root@nowhere.invalid:0/wg0"])(
    "%s is no id of an import",
    async (id) => {
        await expect(findRelay(id, {} as Context)).rejects.toThrow(`import id "${id}"`);
    },
);
