import { tableName } from "../../core/names.js";
import { withKeys } from "../integration/engine/fixtures.js";
import { Lab, type LabNode } from "../lab/index.js";
import { Stack } from "../lab/stack.js";
import { Vm } from "../lab/vm.js";

/*
 * One relay on one emulated Debian, from bare to gone. A boot costs more than anything else there, so each test goes on where
 * the one before ended.
 */

const TOPOLOGY = {
    relay: { wan: "198.51.100.2" },
    alice: { wan: "198.51.100.11" },
    bob: { wan: "198.51.100.12" },
    outside: { wan: "198.51.100.66" },
};
export const ALICE_WAN = TOPOLOGY.alice.wan;

/** Where bob echoes what alice may send. */
export const ECHO = 7;
export const SERVICES = [{ name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] }];
export const GRANTS = [{ from: "alice", to: "bob", ports: ["icmp", `udp/${ECHO}`] }];

const team = withKeys("alice", "bob", "carol", "dora");
/** As the program lists them. */
export const PEERS = team.map(({ name, publicKey }) => ({ name, publicKey }));
export const privateKeyOf = (name: string): string => team.find((mate) => mate.name === name)!.privateKey;

/** Filled before the first test. */
export const world = {} as {
    lab: Lab<keyof typeof TOPOLOGY>;
    vm: Vm;
    stack: Stack;
    /** Where the engine runs. */
    operator: LabNode;
    device: string;
};

export async function build(): Promise<void> {
    world.lab = await Lab.create("vm", TOPOLOGY);
    const { lab } = world;
    world.operator = lab.node("outside");
    world.device = lab.interface("relay");
    world.vm = await Vm.boot(lab.node("relay"), world.operator, lab.folder);
    world.stack = await Stack.create({
        interface: world.device,
        endpoint: TOPOLOGY.relay.wan,
        peers: PEERS,
        ssh: { address: TOPOLOGY.relay.wan, hostKey: world.vm.hostKey, identityFile: world.vm.identityFile },
        confirmTimeout: 600,
    });
    world.stack.timeout = 900_000;
    world.stack.liveIn(world.operator);
}

export function takeDown(): void {
    world.lab?.close();
    world.stack?.close();
}

let broken: string | undefined;

/** A test that the ones behind it need: they fail at once when it did. */
export function step(name: string, act: () => Promise<void>): void {
    it(name, async () => {
        if (broken !== undefined) throw new Error(`not tried: "${broken}" failed`);
        broken = name;
        try {
            await act();
            broken = undefined;
        } catch (error) {
            process.stderr.write(`${await world.vm.report()}\n`);
            throw error;
        }
    });
}

export const unit = (role: string): string => `qp-tunnel-${world.device}-${role}.service`;
export const table = (): string => tableName({ appName: "qp-tunnel", interface: world.device });
/** The file in which the relay notes what it did by itself, until the next operation seals it. */
export const journal = (): string => `${world.stack.place("etc")}/journal`;

let authority: string | undefined;

/** Alice opens bob's service at the relay. */
export async function expectService(): Promise<void> {
    authority ??= (await world.stack.outputs<{ caCertificate: string }>()).caCertificate;
    const request = { address: "10.8.0.1", port: 8443, ca: authority, servername: "notes.qp-tunnel.internal" };
    // After a start Caddy is called ready before it listens.
    await world.vm.until("ss -H -ltn 'sport = :8443' | grep -q .");
    // A peer notices by itself that the relay was restarted, after 15 s at most.
    const answer = await world.lab.node("alice").https({ ...request, timeout: 60_000 });
    expect(answer).toMatchObject({
        status: 200,
        body: "hello",
        group: "X25519MLKEM768",
        cipher: "TLS_AES_256_GCM_SHA384",
    });
}

/** Bob may not open the relay's SSH through the tunnel, whatever else happens. */
export async function expectClosed(): Promise<void> {
    expect(await world.lab.node("bob").tcp("10.8.0.1", 22)).toBe("timeout");
}

/** Waits until as many peers as before the restart have shaken hands with the new interface; none of them has anything to send. */
export async function calledAgain(count: number): Promise<void> {
    const handshakes = `wg show ${world.device} latest-handshakes | awk '$2 > 0' | wc -l`;
    await world.vm.until(`[ "$(${handshakes})" = ${count} ]`);
}

/** "allowed IPs" of each peer on the interface. */
export async function peersOnTheWire(): Promise<string[]> {
    const text = await world.vm.run(`wg show ${world.device} allowed-ips`);
    return text
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split("\t")[1]!)
        .sort();
}
