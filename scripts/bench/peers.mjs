// What many peers cost: previews against an empty program's, updates against one with nothing to do, the plugin's memory.

import { Project } from "./project.mjs";
import { row } from "./rows.mjs";

/**
 * @typedef {{ root: string, quick: boolean, add: (row: import("./rows.mjs").Row) => void,
 *     curve: (name: string, point: { count: number } & Record<string, number>) => void }} Bench
 */

/**
 * What each number of peers is held against: seconds, MB, kB.
 *
 * @type {Record<number, { creating?: number, preview?: number, one?: number, memory?: number, growth?: number }>}
 */
const BARS = {
    1000: { creating: 2, preview: 1, one: 0.8, memory: 120, growth: 4 },
    10_000: { creating: 15, preview: 6, one: 4, growth: 4 },
};

/** Peers as plain data: the curve from 10 to 10 000. @param {Bench} bench */
export async function measurePeers({ root, quick, add, curve }) {
    await inProject(root, async (project) => {
        for (const count of quick ? [10, 100, 1000] : [10, 100, 1000, 10_000]) {
            const { preview, one } = await measure(project, add, { kind: "data", count, bars: BARS[count] });
            curve("peers", { count, preview, one });
        }
    });
}

/** The same number of peers as components and as data, so that the difference is known. @param {Bench} bench */
export async function measureComponents({ root, quick, add }) {
    const count = quick ? 50 : 200;
    await inProject(root, async (project) => {
        await measure(project, add, { kind: "data", count });
        await measure(project, add, { kind: "components", count });
    });
}

/**
 * @param {Project} project
 * @param {Bench["add"]} add
 * @param {{ kind: "data" | "components", count: number, bars?: (typeof BARS)[number] }} peers how many, declared how, and
 *     the bars
 * @returns {Promise<{ preview: number, one: number }>} seconds on top: of a preview without a change, of one more peer
 */
async function measure(project, add, { kind, count, bars = {} }) {
    const subject = `${count} peers as ${kind}`;
    await project.stack(`${kind}${count}`);
    // The first run of an engine fills its caches.
    project.declare(undefined);
    await project.preview();
    const empty = [];
    const creating = [];
    for (let turn = 0; turn < 2; turn++) {
        project.declare(undefined);
        empty.push(await project.preview());
        project.declare({ [kind]: count });
        creating.push(await project.preview());
    }
    add(absolute(`preview of an empty program, beside ${subject}`, empty));
    add(onTop(`${subject}: preview of creating them, on top of it`, creating, empty, bars.creating));

    const created = await project.up();
    add(absolute(`${subject}: up that creates them`, [created]));
    const unchanged = [await project.preview(), await project.preview()];
    const preview = onTop(`${subject}: preview without a change, on top of it`, unchanged, empty, bars.preview);
    add(preview);

    const nothing = [];
    const oneMore = [];
    const growth = [];
    for (let turn = 1; turn <= 2; turn++) {
        nothing.push(await project.up());
        project.declare({ [kind]: count + turn });
        const before = project.logBytes();
        oneMore.push(await project.up());
        growth.push((project.logBytes() - before) / 1000);
    }
    add(absolute(`${subject}: up with nothing to do`, nothing));
    const one = onTop(`${subject}: up of one more, on top of it`, oneMore, nothing, bars.one);
    add(one);
    add(row(`${subject}: what one more adds to the log`, "kB", growth, atMost(bars.growth)));
    const runs = [...creating, created, ...unchanged, ...nothing, ...oneMore];
    const peak = Math.max(...runs.map(({ megabytes }) => megabytes));
    add(row(`${subject}: memory of the plugin`, "MB", [peak], atMost(bars.memory)));
    add(absolute(`${subject}: destroy`, [await project.destroy()]));
    return { preview: preview.value, one: one.value };
}

/** One relay, ten and fifty in one program, a few peers on each. @param {Bench} bench */
export async function measureRelays({ root, quick, add, curve }) {
    await inProject(root, async (project) => {
        for (const relays of quick ? [1, 10] : [1, 10, 50]) {
            const subject = `${relays} ${relays === 1 ? "relay" : "relays"} of 3 peers`;
            await project.stack(`relays${relays}`);
            project.declare(undefined);
            const empty = [await project.up(), await project.up(), await project.up()].slice(1);
            project.declare({ data: 3, relays });
            add(absolute(`${subject}: up that creates them`, [await project.up()]));
            const nothing = [await project.up(), await project.up()];
            const bar = relays === 1 ? 0.5 : undefined;
            const idle = onTop(`${subject}: up with nothing to do, on top of an empty program's`, nothing, empty, bar);
            add(idle);
            project.declare({ data: 4, relays });
            const one = onTop(`${subject}: up of one more peer on each, on top of it`, [await project.up()], nothing);
            add(one);
            curve("relays", { count: relays, nothing: idle.value, one: one.value });
            await project.destroy();
        }
    });
}

function absolute(what, runs) {
    const [clock, cpu] = [runs.map(({ seconds }) => seconds), runs.map((run) => run.cpu)];
    return row(what, "s", clock, undefined, cpu);
}

/** Turn by turn. */
function onTop(what, runs, base, bar) {
    const clock = runs.map(({ seconds }, turn) => seconds - base[turn].seconds);
    const cpu = runs.map((run, turn) => run.cpu - base[turn].cpu);
    return row(what, "s", clock, atMost(bar), cpu);
}

function atMost(bar) {
    return bar === undefined ? undefined : { atMost: bar };
}

async function inProject(root, use) {
    const project = new Project(root);
    const interrupted = () => {
        project.close();
        process.exit(130);
    };
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    try {
        await use(project);
    } finally {
        process.removeListener("SIGINT", interrupted).removeListener("SIGTERM", interrupted);
        project.close();
    }
}
