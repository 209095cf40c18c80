import { keyExchange } from "../../../policies/keyExchange.js";
import { analyzed, saidOf } from "./analyzed.js";

const services = { wiki: { port: 8443, keyExchange: "require" }, legacy: { port: 8444, keyExchange: "prefer" } };

test("a service that requires it is accepted", () => {
    expect(saidOf(keyExchange, analyzed("Proxy", { services: { wiki: services.wiki } }), { except: [] })).toEqual([]);
    expect(saidOf(keyExchange, analyzed("Proxy", {}), { except: [] })).toEqual([]);
});

test.each(["Proxy", "Script"])("a service that only prefers it is refused, in %s", (type) => {
    expect(saidOf(keyExchange, analyzed(type, { services }), { except: [] })).toEqual([
        'relay office: service legacy accepts clients without post-quantum key exchange; set keyExchange: "require"',
    ]);
});

test("a service that ends on a managed peer is looked at too; exceptions are left out", () => {
    const resource = analyzed("Proxy", { services, role: "leaf", relay: "office/nas" });
    expect(saidOf(keyExchange, resource, { except: [] })[0]).toMatch(
        /^managed peer nas of relay office: service legacy /,
    );
    expect(saidOf(keyExchange, resource, { except: ["legacy"] })).toEqual([]);
});
