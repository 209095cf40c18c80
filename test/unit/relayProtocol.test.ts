import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { formatBundle, parseBundle } from "../../core/protocol/bundle.js";
import { interfaces } from "../../core/protocol/interfaces.js";
import { liveNetwork, network } from "../../core/protocol/network.js";
import { renderPeers } from "../../core/protocol/peers.js";
import { proof, gone } from "../../core/protocol/revocation.js";
import { BOOT_MODES, STEPS } from "../../core/protocol/steps.js";
import { parseDump } from "../../core/wireguard/index.js";
import { relayValues, stepFiles, type Target } from "../../providers/hosts/host.js";

const root = join(__dirname, "../..");
const page = readFileSync(join(root, "docs/relay-protocol.md"), "utf8");
const blocks = [...page.matchAll(/^```text\n(.*?)^```$/gms)].map(([, text = ""]) => text);
const [request = "", answer = ""] = blocks.filter((text) => text.startsWith("@"));

const RELAY = "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8Q4c=";
const LAPTOP = "7UQwaE5mlCeWkGbOQ7ocwhbMXKVUPh6SGRz4rXyKFAw=";
const PHONE = "b9B2mCVhQGQwBzEkz+vWlkZdXCFLK7DH5b1UhF4lgnQ=";

describe("the example of docs/relay-protocol.md", () => {
    it("is what a step sends, byte for byte", () => {
        const target: Target = {
            host: { kind: "local" },
            names: { appName: "qp-tunnel", interface: "wg0" },
            owner: "acme/prod/office",
            relayId: "5d41402abc4b2a76b9719d911017c592",
        };
        const values = {
            ...relayValues(target),
            id: "7f3a9c01bd44e210",
            table: "qp_tunnel_wg0",
            expected: 7,
            overlap: 0,
        };
        const files = stepFiles("wireguard", values, {
            interfaces: interfaces.render([{ interface: "wg0", port: 51820, epoch: 1, publicKey: RELAY }]),
            peers: renderPeers([
                {
                    name: "laptop",
                    publicKey: LAPTOP,
                    presharedKey: "",
                    allowedIps: ["10.8.0.2/32"],
                    keepalive: 25,
                    expires: "2026-12-31T23:59:59Z",
                },
            ]),
            network: network.render({
                subnet: "10.8.0.0/24",
                address: "10.8.0.1/24",
                mtu: 1420,
                behind: ["10.20.0.0/16"],
            }),
            gone: gone.render([{ publicKey: PHONE, allowedIps: ["10.8.0.3/32"] }]),
        });
        expect(formatBundle(files)).toBe(request);
    });

    it("is what a relay answers, byte for byte", () => {
        const files = parseBundle(answer);
        expect(parseDump(files["dump.wg0"]!).peers.map(({ publicKey }) => publicKey)).toEqual([LAPTOP]);
        expect(liveNetwork.parse(files["network.wg0"]).one("mtu")).toBe("1420");
        const rendered = {
            removed: `${PHONE}\n`,
            proof: proof.render([
                { kind: "read", what: "keys", where: "interface wg0" },
                { kind: "read", what: "addresses", where: "the sets of table inet qp_tunnel_wg0" },
            ]),
            generation: "8\n",
            interfaces: interfaces.render(interfaces.parse(files.interfaces)),
            "dump.wg0": files["dump.wg0"]!,
            "network.wg0": liveNetwork.render({
                address: "10.8.0.1/24",
                forwarding: 1,
                rp_filter: 2,
                send_redirects: 0,
                up: 1,
                mtu: 1420,
            }),
            done: "",
        };
        expect(formatBundle(rendered)).toBe(answer);
    });
});

describe("docs/relay-protocol.md", () => {
    it("has at most 180 lines", () => {
        expect(page.split("\n").length - 1).toBeLessThanOrEqual(180);
    });

    it("names every step, every boot mode and every file of core/protocol", () => {
        const named = new Set(Array.from(page.matchAll(/`([^`\n]+)`/g), ([, text = ""]) => text));
        const wanted = [...Object.keys(STEPS), ...BOOT_MODES, ...readdirSync(join(root, "core/protocol"))];
        expect(wanted.filter((name) => !named.has(name))).toEqual([]);
    });
});
