// What the watcher of a relay costs while nothing happens, and how soon it restores what somebody took away.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as pass } from "node:timers/promises";

import { secondsSince } from "./processes.mjs";
import { Project } from "./project.mjs";
import { row } from "./rows.mjs";

/** @param {{ root: string, quick: boolean, add: (row: import("./rows.mjs").Row) => void }} bench */
export async function measureGuard({ root, quick, add }) {
    const count = 1000;
    const project = new Project(root);
    try {
        await project.stack(`guard${count}`);
        project.declare({ data: count });
        await project.up();
        // It looks at everything every half minute.
        const seconds = quick ? 60 : 180;
        const place = `/run/qp-tunnel-${project.name}.${project.name}`;
        await pass(10_000);
        const before = cpuOf(place);
        await pass(seconds * 1000);
        const percent = ((cpuOf(place) - before) / seconds) * 100;
        add(row(`${count} peers: the watcher while nothing happens`, "%", [percent], { atMost: 1 }));

        const [deny, whole] = [[], []];
        const elements = () => inside(project, "nft list ruleset | grep -c ' . '");
        for (let turn = 0; turn < (quick ? 3 : 5); turn++) {
            const wanted = elements();
            const started = process.hrtime.bigint();
            inside(project, "nft flush ruleset; until nft list ruleset | grep -q 'chain guard'; do :; done");
            deny.push(secondsSince(started));
            while (elements() !== wanted) await pass(20);
            whole.push(secondsSince(started));
            await pass(2000);
        }
        add(row(`${count} peers: after a flush, until everything is denied`, "s", deny, { atMost: 2 }));
        add(row(`${count} peers: after a flush, until the table is whole`, "s", whole));
        await project.destroy();
    } finally {
        project.close();
    }
}

function inside(project, script) {
    return execFileSync("ip", ["netns", "exec", project.name, "bash", "-c", script], { encoding: "utf8" });
}

/** Seconds of a processor, with those of all children that have ended. */
function cpuOf(place) {
    const read = (name) => readFileSync(`${place}/${name}`, "utf8").trim().split("\n");
    return ["watch.supervisor.pid", "watch.pid", "watch.listeners"].flatMap(read).reduce((sum, pid) => {
        const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
        return sum + fields.slice(11, 15).reduce((ticks, value) => ticks + Number(value), 0) / 100;
    }, 0);
}
