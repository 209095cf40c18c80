import { allocate } from "../../../../core/registry/index.js";
import type { RegistryRequest } from "../../../../core/registry/request.js";
import { request, after, reasons } from "./requests.js";

describe("ports", () => {
    const services = (...names: string[]): Partial<RegistryRequest> => ({
        services: Object.fromEntries(names.map((name) => [name, {}])),
    });

    it("stay with their names, and return with them", () => {
        const ledger = after(
            request({}, services("b", "c")),
            request({}, services("a", "c")),
            request({}, services("b", "c", "d")),
        );
        expect(ledger.services).toEqual({ b: { port: 8443 }, c: { port: 8444 }, d: { port: 8446 } });
        expect(ledger.retired.services).toEqual({ a: { port: 8445 } });
    });

    it("run out after 57 services, those of retired ones being used first", () => {
        const names = Array.from({ length: 57 }, (_, index) => `s${String(index).padStart(2, "0")}`);
        const [gone, ...staying] = names;
        const full = after(request({}, services(...names)), request({}, services(...staying, "new")));
        expect(full.services.new).toEqual({ port: 8443 });
        expect(full.retired.services).toEqual({ [gone as string]: { port: 0 } });
        expect(reasons(allocate(request({}, services(...staying, "new", "one-more")), full))).toEqual([
            'services.one-more: there is no port left for "one-more": the pool 8443-8499 has 57; give the service a port outside it, or remove a service',
        ]);
    });

    it("may be pinned, to one that is free", () => {
        const result = allocate(
            request({}, { services: { a: { port: 8443 }, b: { port: 8443 }, c: { port: 70000 } } }),
            undefined,
        );
        expect(reasons(result)).toEqual([
            "services.c.port: 70000 is not a port; choose one from 1 to 65535",
            'services.b.port: 8443 belongs to "a"; choose another, or leave it out to have one allocated',
        ]);
    });

    it("outside the pool stay when no longer pinned", () => {
        const ledger = after(request({}, { services: { a: { port: 443 } } }), request({}, services("a")));
        expect(ledger.services).toEqual({ a: { port: 443 } });
    });
});

describe("a service that is renamed", () => {
    const former = after(request({}, { services: { git: {}, wiki: {} } }));

    it("keeps its port, and leaves nothing retired", () => {
        const services = { a: {}, git: {}, pages: { formerly: ["docs", "wiki"] } };
        const { ledger, renamedServices } = allocate(request({}, { services }), former);
        expect(ledger.services).toEqual({ a: { port: 8445 }, git: { port: 8443 }, pages: { port: 8444 } });
        expect(ledger.retired.services).toEqual({});
        expect(renamedServices).toEqual([{ from: "wiki", to: "pages" }]);
    });

    it.each([
        ["when the former name is still listed", { git: {}, wiki: {}, pages: { formerly: ["wiki"] } }, 8445],
        ["when it names another port", { git: {}, pages: { formerly: ["wiki"], port: 9000 } }, 9000],
        ["when another one took the port over", { a: { formerly: ["wiki"] }, pages: { formerly: ["wiki"] } }, 8445],
    ])("gets another port %s", (_, services, port) => {
        expect(allocate(request({}, { services }), former).ledger.services["pages"]).toEqual({ port });
    });
});
