import { storeDrift } from "../../../../../core/drift.js";
import { renderAdmittedPeers } from "../../../../../core/protocol/admitted.js";
import { bootManifest } from "../../../../../core/protocol/steps.js";
import type { RegistryPeer } from "../../../../../core/registry/model.js";
import * as connections from "../../../../../providers/hosts/connection.js";
import type { Facts } from "../../../../../providers/hosts/facts.js";
import { host, hostParts } from "../../../../../providers/resources/host/host.js";
import { readHost } from "../../../../../providers/resources/host/inputs.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { contextOf, type Told } from "../relay/lifecycle.js";
import { KEYS, peer, PLACE } from "../relays.js";

const SSH = { kind: "ssh", address: "203.0.113.7", port: 22, user: "root", sudo: false, packages: "install" };
const OTHER = { ...SSH, address: "203.0.113.8" };
const inputs = (more: Properties = {}) => readHost({ ...PLACE, subnet: "10.8.0.0/24", ...more });
const change = (news: Properties = {}, olds?: Properties, outputs: Properties = {}) => ({
    ...(olds === undefined ? {} : { before: { inputs: inputs(olds), outputs: hostParts.parseOutputs(outputs) } }),
    inputs: inputs(news),
    context: contextOf(),
});
const SAYS = "machine\tm1\naddress\t192.0.2.7\nwireguard\tkernel\nsupervisor\tsystemd\nwg\t1.0.20210914\nnft\t1.0.9\n";
const FOUND = {
    machine: "m1",
    address: "192.0.2.7",
    wireguard: "kernel",
    supervisor: "systemd",
    tools: { wg: "1.0.20210914", nft: "1.0.9" },
};
const facts = (more: Partial<Facts> = {}): Facts => ({
    machine: "m1",
    marks: [],
    journal: [],
    sealed: 0,
    addresses: [],
    routes: [],
    ...more,
});

/** SSH connections negotiated this for the rest of a test. */
function negotiated(keyExchange: string): void {
    jest.spyOn(connections, "connectionTo").mockReturnValue({
        remote: true,
        negotiated: () => ({ keyExchange, hostKey: "ssh-ed25519 AAAA" }),
    } as unknown as ReturnType<typeof connections.connectionTo>);
}

it("sends the units and what the boot program has to know, and packages only where they may be installed", async () => {
    const { values, files = {} } = await hostParts.desired(change());
    expect(values).toEqual({ packages: "require" });
    const { one } = bootManifest.parse(files["boot-manifest"]);
    expect([one("owner"), one("interface"), one("table")]).toEqual(["shop/dev/hub", "wg0", "qp_tunnel_wg0"]);
    expect(Object.keys(files).filter((name) => name.startsWith("unit.")).length).toBeGreaterThan(0);
    expect((await hostParts.desired(change({ host: SSH }))).values).toEqual({ packages: "install" });
});

describe("what is found", () => {
    const outputs = async (news: Properties, more: Partial<{ facts: Facts }> = {}): Promise<[unknown, Told]> => {
        const made = { ...change(news), ...more };
        return [(await hostParts.outputs(made, { host: SAYS }, {})).outputs, made.context];
    };

    it("is the machine, its tools, and how it is reached", async () => {
        const [local] = await outputs({});
        expect(local).toEqual({ ...FOUND, hostKey: "", keyExchange: "none" });
        negotiated("mlkem768x25519-sha256");
        const [remote, { said }] = await outputs({ host: SSH }, { facts: facts({ client: "198.51.100.1" }) });
        expect(remote).toMatchObject({
            client: "198.51.100.1",
            hostKey: "ssh-ed25519 AAAA",
            keyExchange: "mlkem768x25519-sha256",
        });
        expect(said).toEqual([]);
    });

    it("warns of a key exchange that a quantum computer breaks", async () => {
        negotiated("curve25519-sha256");
        const [, { said }] = await outputs({ host: SSH });
        expect(said).toEqual([
            "warning: hub: SSH to root@203.0.113.7 negotiated curve25519-sha256, which is not post-quantum: an attacker who records it now can decrypt the keys in it later; use OpenSSH 9.0 or newer on both sides",
        ]);
    });
});

describe("a preview", () => {
    const STATE = { ...FOUND, hostKey: "", keyExchange: "none" };
    const preview = (news: Properties, olds?: Properties, drift: Record<string, string> = {}): Properties =>
        hostParts.previewOutputs(change(news, olds, { ...STATE, drift }));

    it("takes the machine for the same until a refresh says otherwise", () => {
        expect(preview({}, {})).toMatchObject(STATE);
        expect(preview({}, {}, { machine: "different" })).toMatchObject({ machine: UNKNOWN, tools: UNKNOWN });
        expect(preview({}, {}, { address: "different" })).toMatchObject({ ...STATE, address: UNKNOWN });
        expect(preview({})).toMatchObject({ machine: UNKNOWN, address: UNKNOWN, hostKey: UNKNOWN });
    });

    it("does not know what it is at another address", () => {
        expect(preview({ host: OTHER }, { host: SSH })).toMatchObject({ machine: UNKNOWN });
    });
});

describe("a refresh", () => {
    const drift = (more: string): Record<string, string> =>
        storeDrift(hostParts.drift(inputs(), hostParts.parseOutputs(FOUND), { host: `${more}${SAYS}` }));

    it("finds a different machine, or another address of it", () => {
        expect(drift("")).toEqual({});
        expect(drift("machine\tm2\n")).toEqual({
            machine:
                "this is a different machine than the one that was set up; `pulumi up --refresh` sets it up from scratch with the same keys and addresses",
        });
        expect(drift("address\t192.0.2.8\n")).toEqual({
            address:
                "the machine's own address is 192.0.2.8, the state has 192.0.2.7; `pulumi up --refresh` records it, and peers with the former one need a new configuration unless the Relay has an `endpoint`",
        });
        expect(drift("address\t\n")["address"]).toContain(
            "the machine's own address is none, the state has 192.0.2.7;",
        );
    });
});

describe("before anything is changed", () => {
    const guard = (news: Properties, more: Partial<Facts>, olds?: Properties, outputs?: Properties) => (): void =>
        hostParts.guard?.(change(news, olds, outputs), facts(more));
    const at = (device: string) => ({ addresses: [{ device, address: "10.8.0.5/24" }] });

    it("a tunnel network that the machine has already is refused, but for the relay's own interfaces", () => {
        expect(guard({}, at("eth0"))).toThrow(
            "subnet 10.8.0.0/24: overlaps 10.8.0.5/24, which this machine has on eth0; choose a tunnel network that the machine does not use",
        );
        for (const own of ["lo", "wg0", "wg0b"]) expect(guard({}, at(own))).not.toThrow();
        expect(guard({}, at("wg7"))).toThrow("subnet 10.8.0.0/24");
        expect(guard({}, at("wg7"), { interface: "wg7" })).not.toThrow();
        const route = { routes: [{ destination: "fd12::/64", device: "eth0" }] };
        expect(guard({ subnet6: "fd12::/48" }, route)).toThrow("subnet fd12::/48: overlaps fd12::/64");
    });

    it("a copy of the relay's machine is not taken for it", () => {
        const copy = (more: Partial<Facts>): (() => void) => guard({ host: OTHER }, more, { host: SSH }, FOUND);
        expect(copy({})).toThrow(
            "root@203.0.113.8: has the machine id of root@203.0.113.7, but no relay: it is a copy of that machine, or the relay's records on it are missing; give a copy a new id (`rm /etc/machine-id && systemd-machine-id-setup`); restore missing records with `pulumi up --refresh` before `host` changes",
        );
        expect(copy({ owner: "shop/dev/hub" })).not.toThrow();
        expect(copy({ machine: "m2" })).not.toThrow();
        expect(guard({ host: OTHER, interface: "wg1" }, {}, { host: SSH }, FOUND)).not.toThrow();
    });
});

describe("a change", () => {
    const changes = async (olds: Properties, news: Properties): Promise<string[]> =>
        Object.keys((await host.diff("id", inputs(olds), FOUND, inputs(news), contextOf())).changes);

    it("is also another id of the relay, or another name of its project", async () => {
        expect(await changes({ relayId: "a" }, { relayId: "a" })).toEqual([]);
        expect(await changes({ relayId: "a" }, { relayId: "b" })).toEqual(["relayId"]);
        expect(await changes({ relayId: "a" }, { relayId: UNKNOWN })).toEqual(["relayId"]);
        // A state of 0.1.0 has none.
        expect(await changes({}, { relayId: "b" })).toEqual([]);
        expect(await changes({}, { audit: { ...PLACE.audit, project: "q" } })).toEqual(["audit"]);
    });

    it("is also a peer, a rule or a service less", async () => {
        const admitted = (...names: (keyof typeof KEYS)[]): Properties => {
            const peers = names.map((name, n) => [name, peer(`10.8.0.${n + 2}`, { publicKey: KEYS[name] })]);
            const lines = renderAdmittedPeers(Object.fromEntries(peers) as Record<string, RegistryPeer>);
            return { admitted: { peers: lines, rules: "", services: "" } };
        };
        expect(await changes(admitted("alice", "bob"), admitted("alice"))).toEqual(["admitted"]);
        expect(await changes(admitted("alice"), admitted("alice", "bob"))).toEqual([]);
    });
});

it("records say what was set up where, with the provider of the machine", () => {
    const droplet = { ...SSH, instance: { provider: "digitalocean", id: "1" } };
    const details = { relay: "hub", interface: "wg0", provider: "digitalocean", subnet: "10.8.0.0/24" };
    expect(hostParts.begin(change({ host: droplet }))).toEqual({
        action: "setup_relay",
        message: "Set up relay hub on root@203.0.113.7",
        details,
    });
    expect(hostParts.outcomes(change({ host: droplet }), hostParts.parseOutputs(FOUND), {})).toEqual([
        {
            action: "setup_relay",
            message: "Relay hub is set up on root@203.0.113.7",
            details: { ...details, wireguard: "kernel", supervisor: "systemd", machine: "m1" },
        },
    ]);
    expect(hostParts.ending(inputs(), {})).toEqual([
        {
            action: "relay_destroy",
            message: "Removed relay hub from this machine",
            begin: "Remove relay hub from this machine",
            details: { ...details, provider: "local" },
        },
    ]);
});
