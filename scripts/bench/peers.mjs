// What many peers cost: previews against an empty program's, updates against one with nothing to do, the plugin's memory.

import { Project } from "./project.mjs";
import { row } from "./rows.mjs";

/** @typedef {{ root: string, quick: boolean, add: (row: import("./rows.mjs").Row) => void }} Bench */

/** Peers as plain data. @param {Bench} bench */
export async function measurePeers({ root, quick, add }) {
    await inProject(root, async (project) => {
        await measure(project, add, { kind: "data", count: 1000, preview: 2, one: 1, memory: 120 });
        if (!quick) await measure(project, add, { kind: "data", count: 10_000, preview: 15 });
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
 * @param {{ kind: "data" | "components", count: number, preview?: number, one?: number, memory?: number }} peers how
 *     many, declared how, and the bars
 */
async function measure(project, add, { kind, count, preview, one, memory }) {
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
    add(onTop(`${subject}: preview of creating them, on top of it`, creating, empty, preview));

    const created = await project.up();
    add(absolute(`${subject}: up that creates them`, [created]));
    const unchanged = [await project.preview(), await project.preview()];
    add(onTop(`${subject}: preview without a change, on top of it`, unchanged, empty, preview));

    const nothing = [];
    const oneMore = [];
    for (let turn = 1; turn <= 2; turn++) {
        nothing.push(await project.up());
        project.declare({ [kind]: count + turn });
        oneMore.push(await project.up());
    }
    add(absolute(`${subject}: up with nothing to do`, nothing));
    add(onTop(`${subject}: up of one more, on top of it`, oneMore, nothing, one));
    const runs = [...creating, created, ...unchanged, ...nothing, ...oneMore];
    const peak = Math.max(...runs.map(({ megabytes }) => megabytes));
    add(row(`${subject}: memory of the plugin`, "MB", [peak], atMost(memory)));
    add(absolute(`${subject}: destroy`, [await project.destroy()]));
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
