import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { type Declared, Stack } from "../../lab/stack.js";
import { connect, withKeys } from "./fixtures.js";

/** Alice, who is allowed to reach bob's udp/7, and bob, on a relay of their own. The relay is not applied yet. */
export class Pair {
    readonly relay: LabNode;
    readonly alice: LabNode;
    readonly bob: LabNode;
    readonly #heard: Server[] = [];

    private constructor(
        readonly lab: Lab<keyof typeof TOPOLOGY>,
        readonly stack: Stack,
        private readonly team: ReturnType<typeof withKeys>,
    ) {
        [this.relay, this.alice, this.bob] = [lab.node("relay"), lab.node("alice"), lab.node("bob")];
    }

    /** @param declared besides peers and the grant */
    static async create(label: string, declared: Partial<Declared> = {}): Promise<Pair> {
        const team = withKeys("alice", "bob");
        const lab = await Lab.create(label);
        try {
            const stack = await Stack.create({
                namespace: lab.node("relay").namespace,
                interface: lab.interface("relay"),
                endpoint: `${lab.node("relay").place.wan}:51820`,
                peers: team.map(({ name, publicKey }) => ({ name, publicKey })),
                grants: [{ from: ["alice"], to: "bob", ports: ["udp/7"] }],
                ...declared,
            });
            return new Pair(lab, stack, team);
        } catch (error) {
            lab.close();
            throw error;
        }
    }

    /** Applies the relay, and has both connect. */
    async up(): Promise<void> {
        await this.stack.up();
        const { configs } = await this.stack.outputs<{ configs: Record<string, string> }>();
        await connect(this.lab, configs, this.team, ["alice", "bob"]);
    }

    /** Sends every datagram for a port back, until the end. */
    async hear(node: LabNode, ...ports: number[]): Promise<void> {
        for (const port of ports) this.#heard.push(await node.udpEcho(port));
    }

    async close(): Promise<void> {
        for (const server of this.#heard) await server.stop();
        this.lab.close();
        this.stack.close();
    }
}
