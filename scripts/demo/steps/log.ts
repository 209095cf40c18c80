import { readFileSync, writeFileSync } from "node:fs";

import { sentences } from "../project.js";
import type { Step } from "../step.js";
import { type World, expect } from "../world.js";

export const readLog: Step = {
    title: "Everything that was done is in a sealed log",
    command: "qp-tunnel audit verify audit/demo.jsonl --checkpoint …",
    async run(world) {
        await verify(world);
        await flipOneByte(world);
        await cutOffTheEnd(world);
    },
};

async function verify(world: World): Promise<void> {
    // What the stack exports of the log, kept somewhere else, is what an auditor holds against the file.
    const { auditHead } = await world.project.outputs();
    const { code, stdout, stderr } = await world.project.tunnel(
        ...["audit", "verify", "audit/demo.jsonl", "--checkpoint", JSON.stringify(auditHead)],
    );
    expect(code === 0, stderr);
    world.say(stdout.trim());
}

async function flipOneByte(world: World): Promise<void> {
    const log = readFileSync(world.project.log);
    const victim = log.indexOf(Buffer.from('"user":"'), Math.floor(log.length / 2)) + '"user":"'.length;
    log[victim] = log[victim]! ^ 1;
    const line = log.subarray(0, victim).filter((byte) => byte === 10).length + 1;
    writeFileSync(`${world.project.log}.copy`, log);
    const { code, stderr } = await world.project.tunnel("audit", "verify", "audit/demo.jsonl.copy");
    world.say(`\na copy with one bit of line ${line} flipped:\n${stderr.trim()}`);
    expect(code === 1 && stderr.includes(`line ${line}`), `the change of line ${line} is not found`);
}

/** What the state has pinned of the log protects it from the person who holds the file. */
async function cutOffTheEnd(world: World): Promise<void> {
    const whole = readFileSync(world.project.log);
    const lines = world.project.logLines();
    writeFileSync(world.project.log, `${lines.slice(0, -3).join("\n")}\n`);
    try {
        const { code, stdout, stderr } = await world.project.run("preview");
        const reasons = sentences(stdout + stderr).filter((sentence) => /\bline \d+/.test(sentence));
        world.say(`\nwithout its last 3 lines, pulumi preview fails:\n${reasons.join("\n")}`);
        expect(code !== 0 && reasons.length > 0, "the preview does not notice");
    } finally {
        writeFileSync(world.project.log, whole);
    }
}
