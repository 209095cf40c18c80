import { resources, sentences } from "../project.js";
import type { Step } from "../main.js";
import { type Machine, type World, expect } from "../world.js";

export const preview: Step = {
    title: "What would happen, before it does",
    command: "pulumi preview",
    essential: true,
    async run(world) {
        const plan = sentences(await world.project.pulumi("preview"));
        world.say(plan.join("\n"));
        expect(
            plan.some((sentence) => sentence.includes("alice will be connected")),
            "the preview does not name alice",
        );
    },
};

export const apply: Step = {
    title: "Make it so",
    command: "pulumi up",
    essential: true,
    async run(world) {
        const output = await world.project.pulumi("up", "--yes", "--skip-preview");
        world.say(resources(output));
    },
};

export const connect: Step = {
    title: "Each peer comes up with the file she was handed, as it is",
    command: "wg-quick up",
    essential: true,
    async run(world) {
        const { configs, addresses, caCertificate } = await world.project.outputs();
        Object.assign(world.addresses, addresses);
        world.authority = caCertificate as string;
        await Promise.all(
            Object.entries(configs as Record<string, string>).map(([name, config]) =>
                up(world, name as Machine, config),
            ),
        );
        await world.machine("nas").httpServer(3000, "Meeting notes: the relay works.\n");
    },
};

async function up(world: World, name: Machine, config: string): Promise<void> {
    await world.machine(name).wgQuickUp(config, world.lab.interface(name));
    expect(await world.machine(name).ping(world.address("relay")), `${name} gets no answer from the relay`);
    world.say(`${name.padEnd(6)} ${world.address(name)} reaches the relay at ${world.address("relay")}`);
}

export const lookAgain: Step = {
    title: "Look again: nothing is left to do",
    command: "pulumi preview --expect-no-changes",
    async run(world) {
        world.say(resources(await world.project.pulumi("preview", "--expect-no-changes")));
    },
};
