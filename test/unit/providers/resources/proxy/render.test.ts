import { renderProxy, renewalUnits } from "../../../../../providers/resources/proxy/render.js";
import { proxyChange, WIKI } from "./services.js";

const ETC = "/etc/qp-tunnel-wg0";
const config = (files: Record<string, string>): string => JSON.stringify(JSON.parse(files["caddy.json"]!));

it("serves each service on the tunnel's addresses with its certificate, and the relay records where", () => {
    const news = { addresses: ["10.8.0.1", "fd12::1"], services: { wiki: WIKI, files: { ...WIKI, port: 8444 } } };
    const files = renderProxy(proxyChange(news), { wiki: { file: "wiki-1" }, files: { file: "files-1" } });
    expect(files.services).toBe(
        "wiki\t8443\t10.8.0.3:3000\t10.8.0.1 fd12::1\nfiles\t8444\t10.8.0.3:3000\t10.8.0.1 fd12::1\n",
    );
    for (const part of [
        "/run/qp-tunnel-wg0/admin.sock",
        "10.8.0.1:8443",
        "[fd12::1]:8444",
        `"certificate":"${ETC}/certs/wiki-1.pem","key":"${ETC}/certs/wiki-1.key"`,
        `"certificate":"${ETC}/certs/files-1.pem","key":"${ETC}/certs/files-1.key"`,
    ])
        expect(config(files)).toContain(part);
    expect(files["caddy.json"]).toMatch(/\n$/);
});

it("takes certificate and key out of one file where the relay makes them", () => {
    const files = renderProxy(proxyChange({}), { wiki: { file: "wiki-relay", renewal: "relay" } });
    expect(config(files)).toContain(`"certificate":"${ETC}/certs/wiki-relay.pem","key":"${ETC}/certs/wiki-relay.pem"`);
});

it("has a second certificate of a service that has one of each kind", () => {
    const both = { services: { wiki: { ...WIKI, certificate: "both" } } };
    const files = renderProxy(proxyChange(both), { wiki: { file: "a" }, "wiki.p256": { file: "b" } });
    for (const part of [`${ETC}/certs/a.pem`, `${ETC}/certs/b.key`]) expect(config(files)).toContain(part);
});

it("a relay that renews certificates has units for it", () => {
    const units = renewalUnits(proxyChange({})) as Record<string, string>;
    expect(Object.keys(units)).toEqual(["unit.qp-tunnel-wg0-renewal.service", "unit.qp-tunnel-wg0-renewal.timer"]);
    expect(units["unit.qp-tunnel-wg0-renewal.service"]).toContain("ExecStart=");
});
