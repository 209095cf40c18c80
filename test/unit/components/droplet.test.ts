import * as pulumi from "@pulumi/pulumi";

import {
    AuditSink,
    hosts,
    InvalidArgument,
    Relay,
    type DigitalOceanOptions,
    type RelayArgs,
} from "../../../components/index.js";
import { runProgram, secret, type Registered } from "../program.js";

/** Resources of a relay on a Droplet by their names, and its endpoint. */
async function declared(
    options: DigitalOceanOptions = {},
    args: Partial<RelayArgs> = {},
): Promise<{ of: (name: string) => Registered; names: string[]; endpoint: string }> {
    const { registered, outputs } = await runProgram(() => {
        const relay = new Relay("relay", {
            host: hosts.digitalOcean(options),
            peers: [],
            audit: new AuditSink("audit"),
            ...args,
        });
        return { endpoint: relay.endpoint };
    });
    const of = (name: string): Registered => {
        const found = registered.find((resource) => resource.name === name);
        if (found === undefined) throw new Error(`${name} was not registered`);
        return found;
    };
    return { of, names: registered.map(({ name }) => name), endpoint: outputs.endpoint };
}

const REACHED = {
    kind: "ssh",
    address: "203.0.113.5",
    port: 22,
    user: "root",
    sudo: false,
    packages: "install",
    instance: { provider: "digitalocean", id: "4711", address: "203.0.113.5" },
};
const PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n";

describe("a relay on a Droplet", () => {
    it("makes the Droplet with the defaults, the login key, and user-data that holds a host key and nothing else", async () => {
        const { of, names, endpoint } = await declared();
        expect(of("relay-ssh-key")).toStrictEqual({
            type: "digitalocean:index/sshKey:SshKey",
            name: "relay-ssh-key",
            inputs: { name: "qp-tunnel-relay", publicKey: "ssh-ed25519 AAAA" },
        });
        expect(of("relay-droplet")).toStrictEqual({
            type: "digitalocean:index/droplet:Droplet",
            name: "relay-droplet",
            inputs: {
                name: "qp-tunnel-relay",
                region: "sfo3",
                size: "s-1vcpu-512mb-10gb",
                image: "ubuntu-24-04-x64",
                sshKeys: ["aa:bb"],
                tags: ["qp-tunnel"],
                userData: secret(
                    [
                        "#cloud-config",
                        "ssh_keys:",
                        "  ed25519_private: |",
                        "    -----BEGIN OPENSSH PRIVATE KEY-----",
                        "    b3Bl",
                        "  ed25519_public: ssh-ed25519 AAAA",
                        "",
                    ].join("\n"),
                ),
            },
        });
        expect(endpoint).toBe("203.0.113.5:51820");
        expect(names.filter((name) => name.startsWith("relay-ip"))).toStrictEqual([]);
        expect(names).not.toContain("relay-setup");
    });

    it("lets in SSH from the given networks, WireGuard's port and ICMP from anywhere, and everything out", async () => {
        const { of } = await declared({ sshSources: ["198.51.100.0/24"] }, { listenPort: 51821 });
        const anywhere = ["0.0.0.0/0", "::/0"];
        expect(of("relay-cloud-firewall")).toStrictEqual({
            type: "digitalocean:index/firewall:Firewall",
            name: "relay-cloud-firewall",
            inputs: {
                name: "qp-tunnel-relay",
                dropletIds: [4711],
                inboundRules: [
                    { protocol: "tcp", portRange: "22", sourceAddresses: ["198.51.100.0/24"] },
                    { protocol: "udp", portRange: "51821", sourceAddresses: anywhere },
                    { protocol: "icmp", sourceAddresses: anywhere },
                ],
                outboundRules: [
                    { protocol: "tcp", portRange: "1-65535", destinationAddresses: anywhere },
                    { protocol: "udp", portRange: "1-65535", destinationAddresses: anywhere },
                    { protocol: "icmp", destinationAddresses: anywhere },
                ],
            },
        });
    });

    it("connects first with the key of the user-data, and pins the final one everywhere else", async () => {
        const { of } = await declared();
        expect(of("relay-host-key").inputs).toMatchObject({
            host: { ...REACHED, hostKey: "ssh-ed25519 AAAA" },
            credentials: secret(PRIVATE_KEY),
            publicKey: "ssh-ed25519 AAAA",
            privateKey: secret(PRIVATE_KEY),
        });
        for (const part of ["host", "firewall", "wireguard", "proxy", "grants"]) {
            const { inputs } = of(`relay-${part}`);
            expect({ part, host: inputs["host"] }).toStrictEqual({
                part,
                host: { ...REACHED, hostKey: "ssh-ed25519 BBBB" },
            });
            expect(inputs["credentials"]).toStrictEqual(secret(PRIVATE_KEY));
        }
        expect(Object.keys(of("relay-audit").inputs["records"] as object)).toContain("hostKey");
    });

    it("gives another Droplet another boot key, but keeps those that peers and pipelines know", async () => {
        const { of } = await declared({ image: "debian-13-x64", vpcUuid: "5a4981aa" });
        expect(of("relay-boot-key").inputs["keepers"]).toStrictEqual({
            region: "sfo3",
            image: "debian-13-x64",
            vpcUuid: "5a4981aa",
        });
        expect(of("relay-machine-key").inputs["keepers"]).toStrictEqual({});
        expect(of("relay-login").inputs["keepers"]).toStrictEqual({});
    });

    it("does not depend on peers in anything the cloud is told", async () => {
        const cloud = async (peers: RelayArgs["peers"]): Promise<unknown> => {
            const { of, names } = await declared({}, { peers });
            return names.map(of).filter(({ type }) => type.startsWith("digitalocean:"));
        };
        const alice = { name: "alice", publicKey: "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=" };
        expect(await cloud([alice])).toStrictEqual(await cloud([]));
    });

    it("has an address that stays when asked, which is where peers and SSH find it", async () => {
        const { of, endpoint } = await declared({ reservedIp: true, region: "fra1" });
        expect(of("relay-ip").inputs).toStrictEqual({ region: "fra1" });
        expect(of("relay-ip-assignment").inputs).toStrictEqual({ ipAddress: "203.0.113.200", dropletId: 4711 });
        expect(of("relay-host").inputs["host"]).toMatchObject({ address: "203.0.113.200" });
        expect(endpoint).toBe("203.0.113.200:51820");
    });

    it("takes every choice", async () => {
        const { of } = await declared(
            { size: "s-2vcpu-2gb", sshKeys: [pulumi.output("cc:dd")], tags: ["team:network"], vpcUuid: "5a4981aa" },
            { appName: "office" },
        );
        expect(of("relay-droplet").inputs).toMatchObject({
            name: "office-relay",
            size: "s-2vcpu-2gb",
            sshKeys: ["aa:bb", "cc:dd"],
            tags: ["office", "team:network"],
            vpcUuid: "5a4981aa",
        });
    });

    it("runs the setup script on the Droplet itself, over the pinned key, again on another Droplet only", async () => {
        const { of } = await declared({ reservedIp: true, setup: { create: "apt-get update", delete: "true" } });
        expect(of("relay-setup")).toStrictEqual({
            type: "command:remote:Command",
            name: "relay-setup",
            inputs: {
                create: "apt-get update",
                delete: "true",
                update: ":",
                logging: "none",
                addPreviousOutputInEnv: false,
                triggers: ["4711"],
                connection: secret({
                    host: "203.0.113.5",
                    port: 22,
                    user: "root",
                    hostKey: "ssh-ed25519 BBBB",
                    privateKey: PRIVATE_KEY,
                    dialErrorLimit: 10,
                    perDialTimeout: 15,
                }),
            },
        });
    });
});

describe("hosts.digitalOcean refuses", () => {
    it.each([
        [
            { region: "San Francisco" },
            'hosts.digitalOcean.region: is not one of DigitalOcean\'s slugs; give one like "sfo3" or "ubuntu-24-04-x64"',
        ],
        [{ sshSources: [] }, "hosts.digitalOcean.sshSources: is too short; give at least 1 entry"],
        [
            { tags: ["my team"] },
            "hosts.digitalOcean.tags[0]: is not a tag; use letters, digits, colons, dashes and underscores, 255 at most",
        ],
        [{ sshKeys: [""] }, "hosts.digitalOcean.sshKeys[0]: is empty; give a string, or remove it"],
        [{ reservedIP: true }, "hosts.digitalOcean.reservedIP: is not an argument; correct the spelling, or remove it"],
        [{ setup: { delete: "true" } }, "hosts.digitalOcean.setup.create: is missing; give a string"],
    ])("%j", (options, message) => {
        expect(() => hosts.digitalOcean(options as DigitalOceanOptions)).toThrow(
            new InvalidArgument(...split(message)),
        );
    });
});

function split(message: string): [string, string, string] {
    const [, subject, problem, fix] = /^(\S+): (.*?); (.*)$/.exec(message)!;
    return [subject!, problem!, fix!];
}
