// What peers lose while the relay's key is rotated, and when its interface is made anew: with the hand-over, and without
// it, as a file without endpoints leaves it. In the tests' laboratory, with the engine and real clients.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";

import { row } from "./rows.mjs";
import { secondsSince } from "./processes.mjs";

const NAMES = ["alice", "bob", "carol"];
const ADDRESS = { alice: "10.8.0.2", bob: "10.8.0.3", carol: "10.8.0.4" };
const ECHO = 7;

/** @typedef {(row: import("./rows.mjs").Row) => void} Add */

/** @param {{ root: string, quick: boolean, add: Add }} bench */
export async function measureRotation({ root, quick, add }) {
    const world = await World.create(root);
    try {
        await rotate(world, quick ? 1 : 3, add);
        await restart(world, quick, add);
        await world.stack.destroy();
    } finally {
        world.close();
    }
}

/** Every step while each peer asks the next 500 times a second; what the one lost who lost most. */
async function rotate(world, turns, add) {
    const lost = { nothing: [], add: [], abort: [], staged: [], atOnce: [], retire: [] };
    for (let turn = 1; turn <= turns; turn++) {
        const epochs =
            (...list) =>
            async () => {
                world.stack.declare({ keyEpochs: list });
                await world.stack.up();
            };
        lost.nothing.push(await world.lostDuring(() => world.stack.preview()));
        lost.add.push(await world.lostDuring(epochs(turn, turn + 1)));
        lost.abort.push(await world.lostDuring(epochs(turn)));
        await epochs(turn, turn + 1)();
        const old = await world.movers.relayKey("alice");
        lost.staged.push(await world.lostDuring(() => world.movers.staged("alice", old)));
        lost.atOnce.push(await world.lostDuring(() => world.movers.atOnce("bob", old)));
        await world.movers.atOnce("carol", old);
        await world.moved();
        lost.retire.push(await world.lostDuring(epochs(turn + 1)));
    }
    add(row("by who lost most of 500 a second: during a preview", "lost", lost.nothing));
    add(row("when a key epoch is added", "lost", lost.add, { atMost: 0 }));
    add(row("when it is called off", "lost", lost.abort, { atMost: 0 }));
    add(row("when one client moves in two steps", "lost", lost.staged, { atMost: 0 }));
    add(row("when one client moves at once", "lost", lost.atOnce, { atMost: 2 }));
    add(row("when the old epoch is retired", "lost", lost.retire, { atMost: 0 }));
}

/** The same restart twice, once with what the relay remembers of its peers taken away just before. */
async function restart(world, quick, add) {
    const active = { plain: [], handed: [] };
    for (let turn = 0; turn < (quick ? 1 : 3); turn++) {
        active.plain.push(await world.outage({ plain: true }));
        active.handed.push(await world.outage({ plain: false }));
    }
    add(row("restart of the interface, plain: until peers in use are reached", "s", active.plain));
    add(row("the same with the hand-over", "s", active.handed, { atMost: 1 }));
    add(ratio("plain over hand-over", active));
    const idle = { plain: [], handed: [await world.idleOutage({ plain: false })] };
    // Until its key is two minutes old.
    if (!quick) idle.plain.push(await world.idleOutage({ plain: true }));
    if (!quick) add(row("restart, plain: until an idle peer is reached", "s", idle.plain));
    add(row("the same with the hand-over, idle peer", "s", idle.handed, { atMost: 1 }));
    if (!quick) add(ratio("plain over hand-over", idle));
}

function ratio(what, { plain, handed }) {
    const times = plain.map((seconds, turn) => seconds / handed[turn]);
    return row(what, "x", times);
}

/** The laboratory: a relay, three peers, an echo server with each. */
class World {
    constructor(lab, stack, movers) {
        this.lab = lab;
        this.stack = stack;
        this.movers = movers;
        this.relay = lab.node("relay");
    }

    static async create(root) {
        const require = createRequire(import.meta.url);
        const project = join(root, "tsconfig.test.json");
        require("ts-node").register({ transpileOnly: true, experimentalResolver: true, project });
        const { Lab } = require(join(root, "test/lab/index.ts"));
        const { Stack } = require(join(root, "test/lab/stack.ts"));
        const { Movers } = require(join(root, "test/lab/moving.ts"));
        const lab = await Lab.create("bench");
        const stack = await Stack.create({
            namespace: lab.node("relay").namespace,
            interface: lab.interface("relay"),
            peers: NAMES.map((name) => ({ name })),
            grants: NAMES.flatMap((from) =>
                NAMES.filter((to) => to !== from).map((to) => ({ from, to, ports: [`udp/${ECHO}`] })),
            ),
        });
        const world = new World(lab, stack, new Movers(lab, stack));
        try {
            await stack.up();
            for (const name of NAMES) {
                await lab.node(name).udpEcho(ECHO);
                await world.connect(name);
            }
        } catch (error) {
            world.close();
            throw error;
        }
        return world;
    }

    close() {
        this.lab.close();
        this.stack.close();
    }

    async connect(name) {
        const { configs } = await this.stack.outputs();
        await this.lab.node(name).wgQuickUp(configs[name], this.lab.interface(name));
    }

    /** Packets of the peer who lost most, from before to two hundred packets after something is done. */
    async lostDuring(action) {
        const probes = await Promise.all(
            NAMES.map((name, index) => this.lab.node(name).probe(ADDRESS[NAMES[(index + 1) % NAMES.length]], ECHO)),
        );
        await action();
        await probes[0].passes(200);
        const reports = await Promise.all(probes.map((probe) => probe.stop()));
        return Math.max(...reports.map(({ lost }) => lost));
    }

    /** Waits until the relay knows that everybody uses the newest key. */
    async moved() {
        const file = join(this.stack.place("etc"), "moved");
        const [, newest] = await this.#interfaces();
        await this.#until(`[ "$(grep -c "${newest}$" ${file})" = ${NAMES.length} ]`);
    }

    /** The longest silence of a probe in either direction, seconds, when the relay's interface is made anew. */
    async outage({ plain }) {
        await this.#remembered();
        const alice = this.lab.node("alice");
        const probes = [await alice.probe(ADDRESS.bob, ECHO), await this.lab.node("bob").probe(ADDRESS.carol, ECHO)];
        await this.#makeAnew(plain);
        await Promise.all(probes.map((probe) => probe.answers(500)));
        const reports = await Promise.all(probes.map((probe) => probe.stop()));
        return Math.max(...reports.map(({ longestGap }) => longestGap)) / 1000;
    }

    /** Seconds until a peer who has just been silent for a while is reached. */
    async idleOutage({ plain }) {
        const carol = this.lab.node("carol");
        await carol.wgQuickDown(this.lab.interface("carol"));
        await this.connect("carol");
        await this.#remembered();
        // Until WireGuard has acknowledged what the peer sent last: from then on it expects nothing.
        await pass(12_000);
        const started = process.hrtime.bigint();
        await this.#makeAnew(plain);
        const probe = await this.lab.node("alice").probe(ADDRESS.carol, ECHO, 50, 180_000);
        const seconds = secondsSince(started);
        await probe.stop();
        return seconds;
    }

    async #makeAnew(plain) {
        const [etc, run] = [this.stack.place("etc"), this.stack.place("run")];
        const [device] = await this.#interfaces();
        const endpoints = join(etc, `endpoints.${device}`);
        if (!existsSync(endpoints)) throw new Error(`${endpoints} is not there: nothing would be handed over`);
        if (plain) rmSync(endpoints);
        if (this.lab.carrier === "kernel") {
            await this.relay.run(["ip", "link", "del", device]);
            await this.relay.run(["bash", join(etc, "program"), "boot-wireguard", etc, run, device]);
        } else {
            process.kill(Number(readFileSync(join(run, `wireguard.${device}.pid`), "utf8")), "SIGKILL");
        }
    }

    /** Waits until the relay has written down where its peers are now. */
    async #remembered() {
        const [device] = await this.#interfaces();
        const file = join(this.stack.place("etc"), `endpoints.${device}`);
        const known = `wg show ${device} endpoints | grep -v "(none)" | sort`;
        await this.#until(`[ "$(${known})" = "$(cat ${file})" ] && [ "$(wc -l < ${file})" = ${NAMES.length} ]`);
    }

    async #interfaces() {
        const text = readFileSync(join(this.stack.place("etc"), "interfaces"), "utf8");
        return text
            .trim()
            .split("\n")
            .map((line) => line.split("\t")[0]);
    }

    async #until(condition) {
        const script = `until ${condition}; do sleep 0.1; done`;
        await this.relay.run(["timeout", "60", "bash", "-c", script], { timeout: 70_000 });
    }
}
