import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { withKeys } from "./fixtures.js";
import { POINTS, boot, expectConvergence, granted, interruption, program, reachable, wire } from "./turns.js";

jest.setTimeout(300_000);

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;

beforeAll(async () => {
    lab = await Lab.create("killed");
    relay = lab.node("relay");
    stack = await Stack.create({ namespace: relay.namespace, interface: lab.interface("relay"), ...program(0) });
    await stack.up();
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("reads the access rules from the wire and from the boot files", async () => {
    expect(reachable(await wire(stack, relay))).toStrictEqual(granted(0));
    expect(reachable(boot(stack))).toStrictEqual(granted(0));
});

it.each(POINTS.map((point, index) => [point[0], index + 1] as const))(
    "killed %s, an update opens nothing that neither program grants, and the next one completes it",
    async (_when, turn) => {
        const point = POINTS[turn - 1]!;
        const { script, hit } = interruption(stack.folder, point, `${FIND_PLUGIN} kill -KILL $plugin; kill -KILL 0`);
        stack.interpose(point[1], script);
        stack.declare(program(turn));
        await stack.fail(["up", "--yes", "--skip-preview"]);
        expect(readFileSync(hit, "utf8")).toBe("done\n");
        stack.restore();

        await expectConvergence(stack, relay, turn);
    },
);

it("finds nothing to mend afterwards", async () => {
    await stack.refresh("--expect-no-changes");
    await stack.preview("--expect-no-changes");
});

it("an engine killed in the middle of an apply leaves a plugin that finishes, records and ends", async () => {
    const { interface: device } = stack.declared;
    const pids = join(stack.folder, "pids");
    stack.interpose(
        "wg",
        `case "$1 $2" in "addconf ${device}") ${FIND_PLUGIN} echo $plugin > ${pids}; kill -KILL $engine;; esac`,
    );
    const [newcomer] = withKeys("newcomer");
    const peers = [...stack.declared.peers, { name: "newcomer", publicKey: newcomer!.publicKey }];
    stack.declare({ peers });
    const { code } = await stack.run(["up", "--yes", "--skip-preview"]);
    expect(code).toBe(null);

    // Until the plugin is gone: this ends with it.
    await relay.run(["tail", `--pid=${readFileSync(pids, "utf8").trim()}`, "-f", "/dev/null"]);
    stack.restore();
    expect(await relay.run(["wg", "show", device, "peers"])).toContain(newcomer!.publicKey);
    const begun = stack.log().findLast(({ action }) => action === "peers_apply_begin")!;
    const outcomes = stack.log().filter(({ correlation_id }) => correlation_id === begun.correlation_id);
    expect(outcomes.map(({ action, status }) => `${action} ${status}`)).toStrictEqual([
        "peers_apply_begin success",
        "peer_add success",
        "peers_apply success",
    ]);

    await stack.succeed(["cancel", "--yes"]);
    await stack.up();
    await stack.refresh("--expect-no-changes");
    expect((await stack.state())["relay-wireguard"]!.outputs).toMatchObject({
        registry: { newcomer: { status: "active", publicKey: newcomer!.publicKey } },
    });
});

/** In sh: the process ids of the plugin that a program runs for, and of the engine. */
const FIND_PLUGIN = `plugin=$$ engine=$PPID
while [ "$(cat /proc/$engine/comm)" != pulumi ]; do
    [ "$engine" -gt 1 ] || exit 99
    plugin=$engine
    engine=$(sed -n 's/^PPid:[[:space:]]*//p' /proc/$engine/status)
done;`;
