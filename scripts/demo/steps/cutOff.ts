import { sentences } from "../project.js";
import { seconds } from "../screen.js";
import type { Step } from "../step.js";
import { type World, expect } from "../world.js";
import { ECHO } from "./reach.js";

export const cutOff: Step = {
    title: "Take bob out of the program while he and alice send 500 packets a second each",
    command: "pulumi preview, pulumi up",
    async run(world) {
        await world.set("team", '["alice"]');
        const plan = sentences(await world.project.pulumi("preview"));
        world.say(plan.filter((sentence) => !sentence.startsWith("audit log")).join("\n"));
        expect(
            plan.some((sentence) => /\bbob\b.*cut off/.test(sentence)),
            "the preview does not say that bob is cut off",
        );

        const echo = await world.machine("nas").udpEcho(ECHO);
        const alice = await world.machine("alice").probe(world.address("nas"), ECHO);
        const bob = await world.machine("bob").probe(world.address("nas"), ECHO);
        await Promise.all([alice.passes(500), bob.passes(500)]);
        const recorded = world.project.logLines().length;
        const typed = Date.now();
        await world.project.pulumi("up", "--yes", "--skip-preview");
        await alice.passes(500);
        const [hers, his] = [await alice.stop(), await bob.stop()];
        await echo.stop();

        const began = beginOf(world, recorded);
        world.say(
            `bob    last packet ${his.lastAnswer - began} ms after the relay's change began, ${seconds(his.lastAnswer - typed)} after "pulumi up"; ${his.lost} of ${his.sent} packets lost`,
        );
        world.say(`alice  ${hers.lost} of ${hers.sent} packets lost`);
        expect(his.outages.length === 1 && his.lost > 400, "bob is not cut off");
        expect(hers.lost === 0, "alice was disturbed");
    },
};

/** When the update began to change the relay's peers, by the log: Unix milliseconds. */
function beginOf(world: World, recorded: number): number {
    const records = world.project
        .logLines()
        .slice(recorded)
        .map((line) => JSON.parse(line) as { action: string; timestamp: string });
    const begin = records.find(({ action }) => action === "peers_apply_begin");
    expect(begin !== undefined, "the log does not say when the change began");
    return Date.parse(begin.timestamp);
}
