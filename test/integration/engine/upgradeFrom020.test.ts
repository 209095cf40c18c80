import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { revive } from "../../lab/recorded.js";
import type { Stack } from "../../lab/stack.js";
import { livePeers } from "./fixtures.js";

jest.setTimeout(300_000);

let lab: Lab<keyof typeof TOPOLOGY>;
let relay: LabNode, alice: LabNode, bob: LabNode;
let stack: Stack;
let echo: Server;

beforeAll(async () => {
    lab = await Lab.create("upgrade");
    [relay, alice, bob] = [lab.node("relay"), lab.node("alice"), lab.node("bob")];
    echo = await bob.udpEcho(7);
    stack = await revive("relay-0.2.0", relay, lab.interface("relay"));
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    for (const node of [alice, bob]) await node.wgQuickUp(configs[node.name]!, lab.interface(node.name));
    // Both use the relay's newer key from now on; the relay learns that from what they send, and its watcher records it.
    await alice.run(["timeout", "60", "bash", "-c", "until ping -n -c 1 -W 1 10.8.0.3; do :; done"]);
    const recorded = 'until [ "$(grep -c "$2b$" "$1/moved")" = 2 ]; do sleep 0.1; done';
    const device = stack.declared.interface;
    await relay.run(["timeout", "60", "bash", "-c", recorded, "await", stack.place("etc"), device]);
});

afterAll(async () => {
    await echo?.stop();
    lab?.close();
    stack?.close();
});

it("plans nothing for a relay of 0.2.0 in the middle of a key rotation, before and after a refresh", async () => {
    const probe = await alice.probe("10.8.0.3", 7, 500, 20_000);
    const before = await livePeers(relay, stack.declared.interface);
    expect(before.size).toBe(4);
    expect(await forms()).toStrictEqual({ Registry: ["object"], WireGuard: ["object"] });
    expect(planned(await stack.plan())).toStrictEqual([]);
    await stack.refresh();
    expect(planned(await stack.plan())).toStrictEqual([]);
    await stack.up();
    expect(await forms()).toStrictEqual({ Registry: ["string"], WireGuard: ["string"] });
    expect(await livePeers(relay, stack.declared.interface, before)).toStrictEqual(before);
    expect(await probe.stop()).toMatchObject({ lost: 0, outages: [] });
});

it("removes a peer without touching the others, under the same log", async () => {
    const probe = await alice.probe("10.8.0.3", 7, 500, 20_000);
    const recorded = stack.log().length;
    stack.declare({ peers: stack.declared.peers.filter(({ name }) => name !== "carol") });
    await stack.up();
    expect((await livePeers(relay, stack.declared.interface)).size).toBe(3);
    expect(await probe.stop()).toMatchObject({ lost: 0, outages: [] });
    const lines = stack.log();
    expect(lines.slice(recorded).map(({ action }) => action)).toEqual(expect.arrayContaining(["peer_remove"]));
    expect(planned(await stack.plan())).toStrictEqual([]);
});

it("destroys it clean", async () => {
    await stack.destroy();
    expect(await relay.run(["ip", "-o", "link"])).not.toContain(stack.declared.interface);
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
});

/** In which form the state has the peers that the relay's resources are told. */
async function forms(): Promise<Record<string, string[]>> {
    const { stdout } = await stack.succeed(["stack", "export"]);
    const { deployment } = JSON.parse(stdout) as { deployment: { resources: Exported[] } };
    const told = deployment.resources.flatMap(({ type, inputs }): [string, string[]][] =>
        inputs?.peers === undefined
            ? []
            : [[type.replace(/^.*:/, ""), [...new Set(Object.values(inputs.peers).map((peer) => typeof peer))]]],
    );
    return Object.fromEntries(told);
}

interface Exported {
    type: string;
    inputs?: { peers?: Record<string, unknown> };
}

/** Changes but those that the calendar asks for: the recorded certificates age. */
function planned({ steps }: Awaited<ReturnType<Stack["plan"]>>): string[] {
    return Object.entries(steps).flatMap(([name, { op, detailedDiff }]) => {
        const all = Object.keys(detailedDiff ?? {});
        const changes = all.filter((path) => !/^certificates\..*renew/.test(path));
        return all.length > 0 && changes.length === 0 ? [] : [`${name}: ${op} ${changes.join(" ")}`];
    });
}
