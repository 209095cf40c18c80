import { pauseWatcher } from "../../../test/lab/watcher.js";
import { sentences } from "../project.js";
import type { Step } from "../step.js";
import { type World, expect } from "../world.js";
import { UPSTREAM } from "./reach.js";

export const repair: Step = {
    title: "Somebody adds a peer by hand and takes a rule out of the firewall",
    command: "pulumi refresh, pulumi up",
    async run(world) {
        const relay = world.machine("relay");
        const resume = await pauseWatcher(relay, `/run/qp-tunnel-${world.interface}.${relay.namespace}`);
        world.say("on the relay: its watcher is stopped, which would restore the rule at once");
        const whole = await wire(world);
        const rogue = await addRogue(world);
        await removeDefaultDeny(world);
        const around = await world.machine("alice").tcp(world.address("nas"), UPSTREAM);
        world.say(`on the relay: wg set … peer ${rogue}`);
        world.say(`on the relay: nft delete rule … forward (its last one, which drops the rest)`);
        world.say(`now alice reaches nas around the proxy: ${around}`);
        // Refused by nas itself is an answer that came through.
        expect(around !== "timeout", "the missing rule makes no difference, so nothing is proved");

        const found = told(await world.project.pulumi("refresh", "--yes"));
        world.say(`\nrefresh:\n${found.join("\n")}`);
        expect(
            found.some((sentence) => sentence.includes(rogue.slice(0, 8))),
            "refresh does not name the added peer",
        );
        expect(
            found.some((sentence) => sentence.includes("forward")),
            "refresh does not name the broken chain",
        );

        const done = told(await world.project.pulumi("up", "--yes", "--skip-preview")).filter(
            (sentence) => !sentence.includes("the next up"),
        );
        world.say(`\nup:\n${done.join("\n")}`);
        const after = await world.machine("alice").tcp(world.address("nas"), UPSTREAM);
        world.say(`alice around the proxy: ${after}`);
        expect(after === "timeout", "the hole is still there");
        expect((await wire(world)) === whole, "the relay's peers and rules are not what they were before");
        await resume();
    },
};

/** Sentences about the relay. */
function told(output: string): string[] {
    return [
        ...new Set(
            sentences(output)
                .map((sentence) => sentence.replace(/^warning: /, ""))
                .filter((sentence) => sentence.startsWith("relay: ")),
        ),
    ];
}

/** Peers and rules as the kernel has them, but for who sent something in the last ten seconds, which passes by itself. */
async function wire(world: World): Promise<string> {
    const relay = world.machine("relay");
    const peers = await relay.run(["wg", "show", world.interface, "allowed-ips"]);
    const rules = await relay.run(["nft", "--stateless", "list", "table", "inet", world.table]);
    const heard = /(set seen[46] \{[^}]*?)\n\s*elements = \{[^}]*\}/g;
    return peers.trim().split("\n").sort().join("\n") + rules.replace(heard, "$1");
}

async function addRogue(world: World): Promise<string> {
    const relay = world.machine("relay");
    const key = (await relay.run(["wg", "pubkey"], { input: await relay.run(["wg", "genkey"]) })).trim();
    await relay.run(["wg", "set", world.interface, "peer", key, "allowed-ips", "10.8.0.66/32"]);
    return key;
}

async function removeDefaultDeny(world: World): Promise<void> {
    const relay = world.machine("relay");
    const chain = await relay.run(["nft", "--handle", "list", "chain", "inet", world.table, "forward"]);
    const handle = [...chain.matchAll(/drop # handle (\d+)/g)].at(-1)?.[1];
    expect(handle !== undefined, `the chain forward has no rule that drops:\n${chain}`);
    await relay.run(["nft", "delete", "rule", "inet", world.table, "forward", "handle", handle]);
}
