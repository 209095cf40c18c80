import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { tableName } from "../../core/names.js";
import { Lab, type LabNode, type Topology } from "../../test/lab/index.js";
import { Project } from "./project.js";
import type { Screen } from "./screen.js";

export const MACHINES = {
    relay: { wan: "198.51.100.2", lan: "192.168.50.1" },
    alice: { wan: "198.51.100.11" },
    bob: { wan: "198.51.100.12" },
    nas: { wan: "198.51.100.13" },
    stranger: { wan: "198.51.100.66" },
    printer: { lan: "192.168.50.10" },
} satisfies Topology;

export type Machine = keyof typeof MACHINES;

/** What the steps work on: the machines, the Pulumi project, and what earlier steps found out. */
export class World {
    readonly project: Project;
    /** The relay's interface. */
    readonly interface: string;
    /** Its nftables table. */
    readonly table: string;
    /** Tunnel addresses by name. The relay's is the first of the network. */
    addresses: Record<string, string> = { relay: "10.8.0.1" };
    readonly network = "10.8.0.0/24";
    /** What clients of the services trust, PEM. */
    authority = "";

    private constructor(
        readonly lab: Lab<Machine>,
        private readonly screen: Screen,
    ) {
        const folder = join(lab.folder, "project");
        mkdirSync(folder, { mode: 0o700 });
        this.project = new Project(folder);
        this.interface = lab.interface("relay");
        this.table = tableName({ appName: "qp-tunnel", interface: this.interface });
    }

    static async create(screen: Screen): Promise<World> {
        const world = new World(await Lab.create("demo", MACHINES), screen);
        await world.project.pulumi("stack", "init", world.project.stack);
        await world.set("namespace", world.machine("relay").namespace);
        await world.set("interface", world.interface);
        return world;
    }

    machine(name: Machine): LabNode {
        return this.lab.node(name);
    }

    address(name: Machine): string {
        const address = this.addresses[name];
        if (address === undefined) throw new Error(`the program exports no tunnel address of ${name}`);
        return address;
    }

    /** Changes what the program reads from the stack's settings. */
    async set(key: string, value: string): Promise<void> {
        await this.project.pulumi("config", "set", key, value);
    }

    say(text: string): void {
        this.screen.say(text);
    }

    /** Ends every process and removes every file of the demo. */
    async close(): Promise<void> {
        await this.project.interrupt();
        this.lab.close();
    }
}

/** @param what was expected, in words */
export function expect(fulfilled: boolean, what: string): asserts fulfilled {
    if (!fulfilled) throw new Error(what);
}
