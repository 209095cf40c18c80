import { type Output, output } from "@pulumi/pulumi";
import * as fc from "fast-check";
import {
    checkAppName,
    checkInterface,
    checkName,
    checkUniqueNames,
    hostName,
    serviceDomain,
    tableName,
} from "../../../core/names.js";
import { refusal } from "./refusal.js";

describe("checkName", () => {
    it.each(["alice", "Alice_2", "7of9", "a", "a".repeat(63), "map", "lo-0"])("takes %s", (name) => {
        expect(checkName(name, "peers")).toBe(name);
    });

    it.each(["", "-a", "_a", "a b", "a.b", "a/b", "ä", "a\n", "a".repeat(64)])("refuses %j", (name) => {
        expect(refusal(() => checkName(name, "peers"))).toBe(
            `peers: "${name}" cannot be a name; use 1 to 63 letters, digits, hyphens and underscores, beginning with a letter or digit`,
        );
    });

    it.each([
        ...["get", "apply", "toString", "constructor", "then", "catch", "finally", "isKnown", "isSecret"],
        ...["allResources", "promise", "resources", "__proto__", "hasOwnProperty", "valueOf", "toJSON", "doNotCapture"],
    ])("refuses %s, which reads something else from an Output", (name) => {
        expect(refusal(() => checkName(name, "peers"))).toBe(
            `peers: "${name}" is a property of every Output, object or promise, so reading it from an output would return that property; choose another name`,
        );
    });

    it("refuses every property that Pulumi's Output has today", () => {
        const members = new Set<string>();
        for (let level: object = output({}); level !== null; level = Object.getPrototypeOf(level)) {
            Object.getOwnPropertyNames(level).forEach((name) => members.add(name));
        }
        expect(members.size).toBeGreaterThan(15);
        for (const member of members) {
            expect(() => checkName(member, "peers")).toThrow();
        }
    });

    it("takes only names that can be read from an output of a map", async () => {
        const name = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,20}$/).filter((text) => accepted(text));
        await fc.assert(
            fc.asyncProperty(name, async (key) => {
                const lifted = output({ [key]: "10.8.0.2" }) as unknown as Record<string, Output<string>>;
                expect(await value(lifted[key])).toBe("10.8.0.2");
            }),
            { numRuns: 50 },
        );
    });
});

describe("checkUniqueNames", () => {
    it("names both of two that are too alike", () => {
        expect(refusal(() => checkUniqueNames(["bob", "Alice", "alice"], "peers"))).toBe(
            'peers: "Alice" and "alice" differ only by upper and lower case; rename one of them',
        );
        expect(refusal(() => checkUniqueNames(["bob", "bob"], "peers"))).toBe(
            'peers: "bob" is used twice; rename one of them',
        );
    });

    it("takes different names", () => {
        checkUniqueNames(["bob", "alice", "al1ce"], "peers");
    });
});

describe("tableName", () => {
    it.each([
        ["qp-tunnel", "wg0", "qp_tunnel_wg0"],
        ["tcp", "ip", "tcp_ip"],
        ["9x", "wg0", "t__9x_wg0"],
        ["a-b", "wg-0", "a_b_wg__2d0"],
        ["a", "WG.0", "a___57__47__2e0"],
    ])("%s and %s make %s", (appName, link, table) => {
        expect(tableName({ appName, interface: link })).toBe(table);
    });

    const appName = fc.stringMatching(/^[a-z0-9](-?[a-z0-9]){0,4}$/);
    const link = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,5}$/);

    it("is always a word that nftables takes", () => {
        fc.assert(
            fc.property(appName, link, (app, name) => {
                expect(tableName({ appName: app, interface: name })).toMatch(/^[a-z][a-z0-9]*_[a-z0-9_]+$/);
            }),
        );
    });

    it("is different for different relays", () => {
        const pieces = fc.constantFrom("a", "b", "2", "2d", "t");
        const near = fc.array(pieces, { minLength: 1, maxLength: 3 });
        fc.assert(
            fc.property(near, near, near, near, fc.constantFrom("-", "_", "."), (a, b, c, d, joint) => {
                const one = { appName: a.join("-"), interface: b.join(joint) };
                const two = { appName: c.join("-"), interface: d.join("_") };
                const same = one.appName === two.appName && one.interface === two.interface;
                expect(tableName(one) === tableName(two)).toBe(same);
            }),
            { numRuns: 2000 },
        );
    });
});

describe("the other names of a relay", () => {
    it("begin with the appName", () => {
        expect(hostName({ appName: "qp-tunnel", interface: "wg0" })).toBe("qp-tunnel-wg0");
        expect(serviceDomain("Grafana", "qp-tunnel")).toBe("grafana.qp-tunnel.internal");
    });

    it.each(["qp-tunnel", "a", "9x", "a".repeat(32)])("appName may be %s", (name) => {
        expect(checkAppName(name, "appName")).toBe(name);
    });

    it.each(["", "Qp", "qp_tunnel", "-a", "a-", "a--b", "a.b", "a/b", "a".repeat(33)])(
        "appName may not be %j",
        (name) => {
            expect(refusal(() => checkAppName(name, "appName"))).toBe(
                `appName: "${name}" cannot be an appName; use 1 to 32 lower-case letters and digits, with single hyphens between them`,
            );
        },
    );

    it.each(["wg0", "wg-office", "WG.1", "a".repeat(15)])("interface may be %s", (name) => {
        expect(checkInterface(name, "interface")).toBe(name);
    });

    it.each(["", ".", "..", "-wg", "wg 0", "wg/0", "wg0\n", "wg*", "a".repeat(16)])(
        "interface may not be %j",
        (name) => {
            expect(refusal(() => checkInterface(name, "interface"))).toBe(
                `interface: "${name}" cannot be an interface; use 1 to 15 letters, digits, dots, hyphens and underscores, beginning with a letter or digit`,
            );
        },
    );

    it.each(["all", "default", "lo"])("interface may not be %s, which is more than one interface", (name) => {
        expect(refusal(() => checkInterface(name, "interface"))).toBe(
            `interface: "${name}" is reserved by the kernel; choose another name, like "wg0"`,
        );
    });
});

function accepted(name: string): boolean {
    try {
        checkName(name, "");
        return true;
    } catch {
        return false;
    }
}

function value<T>(of: Output<T> | undefined): Promise<T> {
    return new Promise((resolve) => of?.apply(resolve));
}
