import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { LabNode, type Place } from "./node.js";
import { type Carrier, checkPrerequisites } from "./prerequisites.js";
import { execute } from "./processes.js";

export type Topology = Record<string, Place>;

/** A relay between an open network and its own, three peers, and two who should reach nothing. */
export const TOPOLOGY = {
    relay: { wan: "198.51.100.2", lan: "192.168.50.1" },
    alice: { wan: "198.51.100.11" },
    bob: { wan: "198.51.100.12" },
    carol: { wan: "198.51.100.13" },
    outside: { wan: "198.51.100.66" },
    lanhost: { lan: "192.168.50.10" },
} satisfies Topology;

/**
 * Real machines on one: network namespaces with real interfaces between them, each network a /24 (and for IPv6 a /64, `ipv6Of`).
 *
 * Names carry the process id, so laboratories run side by side. Everything ends with `close`, and also when this
 * process dies in whatever way: a guardian process holds the other end of a pipe.
 */
export class Lab<Name extends string = string> {
    /** 0700, gone with the laboratory. */
    readonly folder: string;
    /** What its WireGuard interfaces are made with. */
    readonly carrier: Carrier;
    readonly #prefix: string;
    readonly #interfacePrefix: string;
    readonly #interfaces = new Map<string, string>();
    readonly #nodes: Map<string, LabNode>;
    readonly #guardian: ChildProcess;

    private constructor(label: string, topology: Record<Name, Place>) {
        this.carrier = checkPrerequisites();
        const number = ++laboratories;
        this.#prefix = `qplab${process.pid}x${number}${label}`;
        // wireguard-go keeps its sockets in one folder for all namespaces: no two interfaces of one name on a machine. At most 15 characters.
        this.#interfacePrefix = `q${process.pid.toString(36)}-${number.toString(36)}-`;
        this.folder = join(tmpdir(), this.#prefix);
        this.#nodes = new Map();
        for (const [name, place] of Object.entries<Place>(topology)) {
            this.#nodes.set(name, new LabNode(name, this.#namespace(name), place, this.folder, this.carrier));
        }
        const wait = 'read -r word || exec bash "$@"';
        this.#guardian = spawn("bash", ["-c", wait, "guardian", ...this.#teardown], {
            detached: true,
            stdio: ["pipe", "ignore", "ignore"],
        });
        this.#guardian.unref();
        (this.#guardian.stdin as Writable & { unref(): void }).unref();
    }

    /**
     * @param label letters and digits; shows in `ip netns list`
     * @throws HostError when this machine cannot have one
     */
    static async create(label: string): Promise<Lab<keyof typeof TOPOLOGY>>;
    static async create<Own extends Topology>(label: string, topology: Own): Promise<Lab<keyof Own & string>>;
    static async create(label: string, topology: Topology = TOPOLOGY): Promise<Lab> {
        const lab = new Lab(label, topology);
        try {
            mkdirSync(lab.folder, { mode: 0o700 });
            await lab.#build(topology);
        } catch (error) {
            lab.close();
            throw error;
        }
        return lab;
    }

    node(name: Name): LabNode {
        const node = this.#nodes.get(name);
        if (node === undefined)
            throw new Error(`there is no "${name}" in this laboratory, only ${[...this.#nodes.keys()].join(", ")}`);
        return node;
    }

    /** A name for a WireGuard interface that nobody else on this machine has; the same each time for one label. */
    interface(label: string): string {
        const name = this.#interfaces.get(label) ?? `${this.#interfacePrefix}${this.#interfaces.size.toString(36)}`;
        this.#interfaces.set(label, name);
        return name;
    }

    /** Ends every process in it and removes every namespace, socket and file of it. Again is harmless. */
    close(): void {
        spawnSync("bash", this.#teardown, { stdio: ["ignore", "ignore", "inherit"] });
        if (this.#guardian.stdin!.writable) this.#guardian.stdin!.end("done\n");
    }

    get #teardown(): string[] {
        return [join(__dirname, "teardown.sh"), this.#prefix, this.#interfacePrefix, this.folder];
    }

    #namespace(name: string): string {
        return `${this.#prefix}-${name}`;
    }

    async #build(topology: Topology): Promise<void> {
        const hub = this.#namespace("hub");
        const everywhere = [hub, ...Object.keys(topology).map((name) => this.#namespace(name))];
        await ip(
            [],
            everywhere.map((namespace) => `netns add ${namespace}`),
        );
        const bridges = NETWORKS.flatMap((network) => [`link add ${network} type bridge`, `link set ${network} up`]);
        const cables = Object.entries(topology).flatMap(([name, place], index) =>
            NETWORKS.filter((network) => place[network] !== undefined).flatMap((network) => [
                `link add ${network}${index} type veth peer name ${network} netns ${this.#namespace(name)}`,
                `link set ${network}${index} master ${network} up`,
            ]),
        );
        await ip(["-n", hub], [...bridges, ...cables]);
        for (const [name, place] of Object.entries(topology)) {
            const addresses = NETWORKS.filter((network) => place[network] !== undefined).flatMap((network) => [
                `address add ${place[network]}/24 dev ${network}`,
                ...(HAS_IPV6 ? [`address add ${ipv6Of(place[network]!)}/64 dev ${network} nodad`] : []),
                `link set ${network} up`,
            ]);
            await ip(["-n", this.#namespace(name)], ["link set lo up", ...addresses]);
            // Linux's own filter would hide a hole in ours: it drops most forged addresses by itself.
            const filters = ["all", "default", ...NETWORKS.filter((network) => place[network] !== undefined)];
            await this.#nodes
                .get(name)!
                .run(["sysctl", "-qw", ...filters.map((link) => `net.ipv4.conf.${link}.rp_filter=0`)]);
        }
    }
}

/** The IPv6 address of a machine, from its IPv4 address: 198.51.100.2 is 2001:db8:100::2, 192.168.50.10 is 2001:db8:50::10. */
export function ipv6Of(address: string): string {
    const [, , network, host] = address.split(".");
    return `2001:db8:${network}::${host}`;
}

const NETWORKS = ["wan", "lan"] as const;
const HAS_IPV6 = existsSync("/proc/net/if_inet6");
let laboratories = 0;

async function ip(options: string[], commands: string[]): Promise<void> {
    const { code, stderr } = await execute(["ip", ...options, "-batch", "-"], { input: commands.join("\n") });
    if (code !== 0) throw new Error(`ip ${options.join(" ")}: ${stderr}`);
}
