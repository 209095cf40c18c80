import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { randomBytes } from "node:crypto";

import { type Access, expand, parseRule } from "../../core/access/index.js";
import { generateKeyPair } from "../../core/keys/index.js";
import { tableName } from "../../core/names.js";
import { elementsOf, renderSkeleton } from "../../core/nftables/index.js";
import type { Answers } from "../../core/protocol/steps.js";
import { ours } from "../../core/protocol/surroundings.js";
import { fromAllowedIps } from "../../core/wireguard/index.js";
import { liveRelay, type LiveRelay } from "../../providers/hosts/flows.js";
import { Lab, type LabNode } from "../lab/index.js";
import { type Fate, type PacketHost, sendPackets, type SentPacket } from "../lab/packets.js";
import { BEHIND, LAN, type Name, TEAM } from "../unit/core/flows/programs.js";
import { elementsText } from "./elements.js";

export const RELAY_AT = { address: "10.8.0.1", address6: "fd00:8::1" };
/** An address of the relay's machine that no program grants, and one of the internet. */
export const MACHINE = "192.0.2.1";
export const INTERNET = "203.0.113.9";
/** Hosts behind peers. */
export const HOSTS_BEHIND: Partial<Record<Name, string>> = { nas: "192.168.7.9", carol: "172.20.5.9" };
const SUBNETS = { subnet: "10.8.0.0/24", subnet6: "fd00:8::/64" };
export const WIREGUARD_PORT = 51820;
const TOPOLOGY = {
    relay: { wan: "198.51.100.2", lan: "192.168.50.1" },
    alice: { wan: "198.51.100.11" },
    bob: { wan: "198.51.100.12" },
    carol: { wan: "198.51.100.13" },
    nas: { wan: "198.51.100.14" },
    outside: { wan: "198.51.100.66" },
    lanhost: { lan: "192.168.50.10" },
};
const NAMES = Object.keys(TEAM) as Name[];
const newKey = (): ReturnType<typeof generateKeyPair> =>
    generateKeyPair((length) => new Uint8Array(randomBytes(length)));

/** A relay whose peers have real WireGuard, which is given one program after another as fast as nft and wg take them. */
export class RealRelay {
    readonly device: string;
    readonly table: string;
    readonly hosts: Record<string, PacketHost>;
    readonly #keys = Object.fromEntries([...NAMES, "relay"].map((name) => [name, newKey()]));
    #listed: string[] = [];

    private constructor(private readonly lab: Lab<keyof typeof TOPOLOGY>) {
        this.device = lab.interface("relay");
        this.table = tableName(this.#names);
        const host = (name: keyof typeof TOPOLOGY, device: string, ...own: string[]): PacketHost => ({
            ...{ namespace: lab.node(name).namespace, device, own },
        });
        this.hosts = {
            relay: { namespace: lab.node("relay").namespace, own: [] },
            outside: host("outside", "wan", TOPOLOGY.outside.wan, INTERNET, "2001:db8:100::66"),
            lanhost: host("lanhost", "lan", TOPOLOGY.lanhost.lan),
        };
        for (const name of NAMES) {
            const own = [...Object.values(TEAM[name]), HOSTS_BEHIND[name] ?? []].flat();
            this.hosts[name] = host(name, lab.interface(name), ...own);
        }
    }

    static async create(label: string): Promise<RealRelay> {
        const lab = await Lab.create(label, TOPOLOGY);
        const relay = new RealRelay(lab);
        try {
            await relay.#setUp();
            for (const name of NAMES) await relay.#setUpPeer(name);
            await relay.#setUpOthers();
        } catch (error) {
            lab.close();
            throw error;
        }
        return relay;
    }

    close(): void {
        this.lab.close();
    }

    get #names(): { appName: string; interface: string } {
        return { appName: "qp-tunnel", interface: this.device };
    }

    async #setUp(): Promise<void> {
        const node = this.lab.node("relay");
        await node.wireGuard({
            interface: this.device,
            config: `[Interface]\nPrivateKey = ${this.#keys["relay"]!.privateKey}\nListenPort = ${WIREGUARD_PORT}\n`,
            addresses: [`${RELAY_AT.address}/24`, `${RELAY_AT.address6}/64`],
            routes: Object.values(BEHIND),
        });
        await configure(node, [`address add ${MACHINE}/32 dev lo`, "route add 203.0.113.0/24 via 198.51.100.66"]);
        // Without ports a later program's packets could be answers to an earlier one's.
        const forgetful = "net.netfilter.nf_conntrack_generic_timeout=10";
        await node.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", forgetful]);
    }

    async #setUpPeer(name: Name): Promise<void> {
        const node = this.lab.node(name);
        const behind = BEHIND[name];
        const networks = [...Object.values(BEHIND), LAN, "203.0.113.0/24", `${MACHINE}/32`];
        await node.wireGuard({
            interface: this.lab.interface(name),
            config: `[Interface]\nPrivateKey = ${this.#keys[name]!.privateKey}\n`,
            addresses: [`${TEAM[name].address}/24`, `${TEAM[name].address6}/64`],
            routes: networks.filter((network) => network !== behind),
        });
        if (behind !== undefined) await configure(node, [`address add ${HOSTS_BEHIND[name]}/32 dev lo`]);
    }

    /** Hosts that route to the tunnel, and that have an address of the internet. */
    async #setUpOthers(): Promise<void> {
        const inside = [SUBNETS.subnet, ...Object.values(BEHIND), `${MACHINE}/32`];
        await configure(this.lab.node("outside"), [
            ...[`address add ${INTERNET}/32 dev lo`, `route add ${SUBNETS.subnet6} via 2001:db8:100::2`],
            ...inside.map((network) => `route add ${network} via 198.51.100.2`),
        ]);
        await configure(
            this.lab.node("lanhost"),
            inside.map((network) => `route add ${network} via 192.168.50.1`),
        );
    }

    /**
     * Makes the relay as a program has it, and reads it back.
     *
     * @param byHand more for nft, where `TABLE` is the relay's table
     * @param allowedIps what WireGuard has for some peers in place of what the program says
     * @returns undefined when nft refuses what is made by hand
     */
    apply(access: Access, byHand = "", allowedIps: Partial<Record<string, string[]>> = {}): LiveRelay | undefined {
        const wanted = Object.entries(access.peers).map(
            ([name, peer]) => [name, allowedIps[name] ?? fromAllowedIps(peer)] as const,
        );
        this.#setPeers(wanted);
        if (!this.#load(access, byHand)) return undefined;
        const answer: Answers<"status"> = {
            ruleset: this.#on("relay", ["nft", "-j", "list", "ruleset"]),
            ours: ours.render({ subnet: Object.values(SUBNETS) }),
        };
        answer[`dump.${this.device}`] = this.#on("relay", ["wg", "show", this.device, "dump"]);
        const peers = Object.fromEntries(
            wanted.map(([name]) => [name, { addresses: [], publicKey: this.#keys[name]!.publicKey, listed: true }]),
        );
        const own = Object.values(RELAY_AT);
        const live = liveRelay({ names: this.#names, peers, routes: {}, own }, answer);
        return { ...live, wire: { ...live.wire, machine: [MACHINE] }, behind: ["lan"] };
    }

    send(packets: readonly SentPacket[], patience: number): Fate[] {
        return sendPackets(this.hosts, packets, patience);
    }

    /** Removes peers and adds them, and waits until each has a session. */
    #setPeers(wanted: readonly (readonly [name: string, allowedIps: string[]])[]): void {
        const names = wanted.map(([name]) => name);
        const key = (name: string): string => this.#keys[name]!.publicKey;
        const removed = this.#listed.filter((name) => !names.includes(name));
        const changes = [
            ...removed.flatMap((name) => ["peer", key(name), "remove"]),
            ...wanted.flatMap(([name, ips]) => ["peer", key(name), "allowed-ips", ips.join(",")]),
        ];
        if (changes.length > 0) this.#on("relay", ["wg", "set", this.device, ...changes]);
        for (const name of names.filter((each) => !this.#listed.includes(each))) {
            // A session that its other end has forgotten would be used for a while yet.
            const set = ["wg", "set", this.lab.interface(name), "peer", key("relay")];
            this.#on(name, [...set, "remove"]);
            const ends = ["endpoint", `${TOPOLOGY.relay.wan}:${WIREGUARD_PORT}`, "allowed-ips", "0.0.0.0/0,::/0"];
            this.#on(name, [...set, ...ends, "persistent-keepalive", "25"]);
        }
        this.#listed = names;
        this.#on("relay", ["bash", "-c", ALL_CONNECTED, "bash", this.device]);
    }

    /** The relay's own text, in one transaction with what others add. */
    #load(access: Access, byHand: string): boolean {
        const place = { table: this.table, interface: this.device, interfaces: [this.device], routes: [LAN] };
        const elements = elementsOf(Object.values(expand(access)).flat().map(parseRule));
        const text = [
            "flush ruleset\n",
            renderSkeleton({ ...place, ...SUBNETS, ...RELAY_AT }),
            elementsText(this.table, elements),
            byHand.replaceAll("TABLE", this.table),
        ].join("");
        const { status, stderr } = this.#exec("relay", ["nft", "-f", "-"], text);
        if (status !== 0 && byHand === "") throw new Error(stderr);
        return status === 0;
    }

    #on(name: string, argv: string[]): string {
        const { status, stdout, stderr } = this.#exec(name, argv);
        if (status !== 0) throw new Error(`${name}: ${argv.slice(0, 3).join(" ")}: exit status ${status}\n${stderr}`);
        return stdout;
    }

    #exec(name: string, argv: string[], input = ""): SpawnSyncReturns<string> {
        const { namespace } = this.hosts[name]!;
        const options = { input, encoding: "utf8", timeout: 120_000, maxBuffer: 1 << 26 } as const;
        return spawnSync("ip", ["netns", "exec", namespace, ...argv], options);
    }
}

/** Succeeds when every peer of the interface has a session. */
const ALL_CONNECTED = `
for _ in {1..1500}; do
    wg show "$1" latest-handshakes | awk '$2 == 0 { missing = 1 } END { exit missing }' && exit 0
    sleep 0.02
done
echo "a peer has no session after 30 s" >&2
exit 1`;

async function configure(node: LabNode, commands: string[]): Promise<void> {
    await node.run(["ip", "-batch", "-"], { input: commands.join("\n") });
}
