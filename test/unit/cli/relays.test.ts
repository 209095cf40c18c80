import { chosenRelays, placeOf, relaysOf } from "../../../cli/relays.js";
import { SEALED, type StackResource } from "../../../cli/state.js";
import { storeDrift } from "../../../core/drift.js";
import { KEYS } from "../providers/resources/relays.js";

const resource = (
    kind: string,
    relay: string,
    inputs: object = {},
    outputs: object = {},
    parent = "Relay",
): StackResource => ({
    ...{ urn: `urn:${kind}:${relay}`, kind, parent, name: relay, project: "shop", stack: "dev" },
    inputs: { ...{ relay, appName: "corp", interface: "wg0", host: { kind: "local" } }, ...inputs },
    outputs: { ...outputs },
});
const WIKI = { port: 8443, upstream: "10.8.0.3:80", certificate: "ed25519", keyExchange: "require" };
const HUB = resource(
    "WireGuard",
    "hub",
    {
        ...{ relayId: "ab12", audit: { project: "shop", stack: "old", path: "x" } },
        peers: { alice: { address: "10.8.0.2" } },
        publicKeys: { alice: KEYS.alice },
    },
    {
        registry: { bob: { publicKey: KEYS.bob, address: "10.8.0.3", status: "revoked" } },
        epochs: { 2: { publicKey: KEYS.dave } },
    },
);
const PROXY = resource(
    "Proxy",
    "hub",
    { addresses: ["10.8.0.1"], services: { wiki: WIKI }, authorities: {} },
    { served: { wiki: { group: "g" } } },
);
const LEAF = resource("WireGuard", "hub/nas", {}, {}, "ManagedPeer");

it("a relay is put together out of its resources", () => {
    const [hub] = relaysOf([PROXY, HUB, LEAF]);
    expect(hub).toMatchObject({
        ...{ name: "hub", sealedKey: false },
        target: {
            ...{ host: { kind: "local" }, names: { appName: "corp", interface: "wg0" }, owner: "shop/dev/hub" },
            // The log was begun when the stack was called otherwise.
            ...{ relayId: "ab12", claim: { owner: "shop/old/hub" } },
        },
        services: { addresses: ["10.8.0.1"], services: { wiki: WIKI } },
        known: {
            peers: { alice: { listed: true, publicKey: KEYS.alice }, bob: { listed: false } },
            services: { wiki: { group: "g", listeners: ["10.8.0.1:8443"] } },
            epochs: { [KEYS.dave]: 2 },
        },
    });
});

it("managed peers' machines are relays of their own only where they are asked for, by name", () => {
    expect(relaysOf([LEAF, HUB]).map(({ name }) => name)).toEqual(["hub"]);
    expect(relaysOf([LEAF, HUB], { managed: true }).map(({ name }) => name)).toEqual(["hub", "hub/nas"]);
});

it("a relay without services asks for none", () => {
    expect(relaysOf([HUB])[0]?.services).toEqual({ addresses: [], services: {}, authorities: {} });
});

it("the host is reached with the key that was seen, and a sealed private key is said to be one", () => {
    const host = { kind: "ssh", address: "203.0.113.7", port: 22, user: "root", sudo: false, packages: "install" };
    const sealed = placeOf(
        resource("WireGuard", "hub", { host, hostKey: "ssh-ed25519 AAAA", credentials: SEALED }),
        "x",
    );
    expect(sealed).toMatchObject({ sealedKey: true, target: { host: { ...host, hostKey: "ssh-ed25519 AAAA" } } });
    expect(sealed.target).not.toHaveProperty("credentials");
    expect(placeOf(resource("WireGuard", "hub", { credentials: "a key" }), "x").target.credentials).toBe("a key");
});

it.each<[object, string]>([
    [
        { host: { kind: "teleport" } },
        "the stack's state: the place of urn:WireGuard:hub is damaged; export the stack again",
    ],
    [{ peers: { alice: {} } }, "the stack's state: the peers of urn:WireGuard:hub is damaged"],
    [{ publicKeys: SEALED }, "the stack's state: the keys of urn:WireGuard:hub is damaged"],
])("a state with %j is named as damaged", (inputs, message) => {
    expect(() => relaysOf([resource("WireGuard", "hub", inputs)])).toThrow(message);
});

it("a command is about one relay, with its managed peers, or about all", () => {
    const all = relaysOf([HUB, LEAF, resource("WireGuard", "office")], { managed: true });
    const names = (name?: string): string[] => chosenRelays(all, name).map((relay) => relay.name);
    expect(names()).toEqual(["hub", "hub/nas", "office"]);
    expect(names("hub")).toEqual(["hub", "hub/nas"]);
    expect(() => names("huh")).toThrow(
        "--relay huh: the stack has no such relay; its relays are hub, office; choose one of them",
    );
    expect(() => chosenRelays([], undefined)).toThrow(
        "the stack: does not have a relay yet; run `pulumi up`, or give another --stack",
    );
});

it("differences are those that a refresh would find, of all the relay's resources that the state has", () => {
    const [hub] = relaysOf([HUB, resource("Host", "hub", {}, { machine: "m1" })]);
    const drift = storeDrift([...(hub!.drift?.({ marks: "", host: "machine\tm2\n" }) ?? [])]);
    expect(Object.keys(drift)).toEqual(["records"]);
});
