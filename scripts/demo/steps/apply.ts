import { resources, sentences } from "../project.js";
import type { Step } from "../step.js";
import { type Machine, expect } from "../world.js";
import { UPSTREAM } from "./reach.js";

export const preview: Step = {
    title: "What would happen, before it does",
    command: "pulumi preview",
    essential: true,
    async run(world) {
        const plan = sentences(await world.project.pulumi("preview"));
        world.say(plan.join("\n"));
        expect(
            plan.some((sentence) => sentence.includes("alice will be added")),
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
    title: "Each peer comes up with the file it was handed, as it is",
    command: "wg-quick up",
    essential: true,
    async run(world) {
        const { configs, addresses, caCertificate } = await world.project.outputs();
        Object.assign(world.addresses, addresses);
        world.authority = caCertificate as string;
        const files = Object.entries(configs as Record<string, string>) as [Machine, string][];
        world.say(withoutSecrets(files.find(([name]) => name === "alice")?.[1] ?? ""));
        await Promise.all(files.map(([name, file]) => world.machine(name).wgQuickUp(file, world.lab.interface(name))));
        const answered = await Promise.all(files.map(([name]) => world.machine(name).ping(world.address("relay"))));
        files.forEach(([name], index) =>
            world.say(`${name.padEnd(6)} ${answered[index] ? "reaches" : "does not reach"} the relay`),
        );
        expect(answered.every(Boolean), "not everybody is connected");
        await world.machine("nas").httpServer(UPSTREAM, "Meeting notes: the relay works.\n");
    },
};

function withoutSecrets(file: string): string {
    return file.trim().replaceAll(/^(PrivateKey|PresharedKey) = .*/gm, "$1 = (hidden)");
}

export const lookAgain: Step = {
    title: "Look again: nothing is left to do",
    command: "pulumi preview --expect-no-changes",
    async run(world) {
        world.say(resources(await world.project.pulumi("preview", "--expect-no-changes")));
    },
};
