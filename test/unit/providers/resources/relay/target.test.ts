import type { SshHost } from "../../../../../providers/hosts/descriptors.js";
import type { PlacedInputs } from "../../../../../providers/resources/relay/placed.js";
import {
    formerPlace,
    hasSameNames,
    labelOf,
    mintId,
    targetOf,
} from "../../../../../providers/resources/relay/target.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { PLACE } from "../relays.js";
import { contextOf } from "./lifecycle.js";

const SSH: SshHost = {
    ...{ kind: "ssh", address: "203.0.113.7", port: 22, user: "root" },
    ...{ sudo: false, packages: "install" },
};
const context = contextOf({ project: "shop", stack: "dev" });
const placed = (more: Properties = {}): PlacedInputs => ({ ...PLACE, relayId: "ab12", ...more });

describe("the relay that inputs are about", () => {
    it("is called after the stack that acts, and is claimed by the names of the state", () => {
        const before = { inputs: placed({ relay: "office", relayId: "ab11" }) };
        expect(targetOf(placed(), context, { id: "g1", before })).toEqual({
            host: { kind: "local" },
            names: { appName: "qp-tunnel", interface: "wg0" },
            owner: "shop/dev/hub",
            relayId: "ab12",
            claim: { resource: "g1", owner: "p/s/office", relayId: "ab11" },
        });
    });

    it("without a state is claimed by what the inputs say", () => {
        expect(targetOf(placed(), context).claim).toEqual({ owner: "p/s/hub", relayId: "ab12" });
    });

    it("is reached with the given key alone, else with the one that Host saw", () => {
        expect(targetOf(placed({ host: SSH, hostKey: "ssh-ed25519 SEEN" }), context).host).toEqual({
            ...SSH,
            hostKey: "ssh-ed25519 SEEN",
        });
        const given = { ...SSH, hostKey: "ssh-ed25519 GIVEN" };
        expect(targetOf(placed({ host: given, hostKey: "ssh-ed25519 SEEN" }), context).host).toEqual(given);
    });

    it("in a preview has no id, no key and no credentials that are not known yet", () => {
        const unknown = placed({ host: SSH, relayId: UNKNOWN, hostKey: UNKNOWN, credentials: UNKNOWN });
        expect(targetOf(unknown, context)).toEqual({
            host: SSH,
            names: { appName: "qp-tunnel", interface: "wg0" },
            owner: "shop/dev/hub",
            claim: { owner: "p/s/hub" },
        });
        expect(targetOf(placed({ credentials: "a key" }), context).credentials).toBe("a key");
    });

    it("of a managed peer that is replaced and renamed at once has the id that ends with the former name", () => {
        const urn = "urn:pulumi:dev::shop::qptunnel:index:Host::hub-al-host";
        const leaf = placed({
            relay: "hub/alice",
            relayId: "ab12/alice",
            role: "leaf",
            formerly: ["al"],
            kept: { urn },
        });
        expect(targetOf(leaf, context).claim?.relayId).toBe("ab12/al");
        expect(targetOf(leaf, context).relayId).toBe("ab12/alice");
    });
});

it("a relay is labelled as the log's program calls it", () => {
    expect(labelOf(placed())).toBe("p/s/hub");
});

describe("the former place", () => {
    const former = (then: Properties, now: Properties): unknown =>
        formerPlace({ inputs: placed(then) }, placed(now), context)?.names.interface;

    it("is another machine, or other names on the same", () => {
        expect(former({ host: SSH }, {})).toBe("wg0");
        expect(former({ interface: "wg7" }, {})).toBe("wg7");
        expect(former({ appName: "corp" }, {})).toBe("wg0");
    });

    it("is none where the relay stays, however it is reached, nor of a new relay", () => {
        expect(former({ host: SSH }, { host: { ...SSH, user: "admin", identityFile: "/id" } })).toBeUndefined();
        expect(formerPlace(undefined, placed(), context)).toBeUndefined();
    });
});

it("two relays have the same names only when all of them are the same", () => {
    const names = { appName: "corp", interface: "wg0" };
    expect(hasSameNames(names, { ...names })).toBe(true);
    expect(hasSameNames(names, { ...names, interface: "wg1" })).toBe(false);
    expect(hasSameNames(names, { ...names, appName: "lab" })).toBe(false);
});

it("an id is random, and another one each time", () => {
    const ids = Array.from({ length: 50 }, mintId);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(new Set(ids).size).toBe(50);
});
