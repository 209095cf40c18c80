import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { startSshd, type Sshd } from "../../lab/sshd.js";
import { Stack } from "../../lab/stack.js";
import { POINTS, expectConvergence, interruption, program } from "./turns.js";

jest.setTimeout(300_000);

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let sshd: Sshd;

beforeAll(async () => {
    lab = await Lab.create("killedssh");
    relay = lab.node("relay");
    sshd = await startSshd(relay, lab.folder);
    const ssh = { address: relay.place.wan, hostKey: sshd.hostKey, identityFile: sshd.identityFile };
    stack = await Stack.create({ interface: lab.interface("relay"), ssh, ...program(0) });
    stack.liveIn(lab.node("outside"));
    await stack.up();
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

/** In sh, of a program that the relay's program runs: the server of its connection. */
const FIND_SERVER = `server=$PPID
until grep -q '^sshd' /proc/$server/comm; do
    [ "$server" -gt 1 ] || exit 99
    server=$(sed -n 's/^PPid:[[:space:]]*//p' /proc/$server/status)
done`;

/** In sh: ends the plugin of this stack, wherever it is on the machine. */
const killPlugin = (): string => `for process in /proc/[0-9]*; do
    tr '\\0' '\\n' < $process/cmdline 2>/dev/null | grep -q 'providers/plugin/main.js$' || continue
    tr '\\0' '\\n' < $process/environ | grep -qx 'PULUMI_HOME=${join(stack.folder, "home")}' || continue
    kill -KILL "\${process#/proc/}"
done`;

/** What ends, by what is seen of it. */
const ENDS: Record<string, () => string> = {
    "plugin and relay program killed": () => `${killPlugin()}\nkill -KILL 0`,
    // What runs on the relay is not told, and goes on until it says something to nobody.
    "the connection cut": () => `${FIND_SERVER}\nkill -KILL "$server"`,
};

const ALL = Object.keys(ENDS).flatMap((end) => POINTS.map((point) => [end, point[0], point] as const));
/** An ordinary run takes some, of each kind, in more than one step. */
const SOME = [3, POINTS.length + 2, POINTS.length + 8].map((index) => ALL[index]!);
const CASES = (process.env["SLOW"] === "1" ? ALL : SOME).map((one, index) => [...one, index + 1] as const);

it.each(CASES)(
    "%s %s, nothing is open that neither program grants, and the next update completes it",
    async (...one) => {
        const [end, , point, turn] = one;
        const { script, hit } = interruption(stack.folder, point, ENDS[end]!());
        sshd.interpose(point[1], script);
        stack.declare(program(turn));
        const text = await stack.fail(["up", "--yes", "--skip-preview"]);
        expect(readFileSync(hit, "utf8")).toBe("done\n");
        if (end === "the connection cut") expect(text).toMatch(/: the connection broke \(.+\); apply again/);
        // Until the relay's program is gone as well, which holds its lock while it runs.
        await relay.run(["flock", join(stack.place("run"), "lock"), "true"]);
        sshd.restore();

        await expectConvergence(stack, relay, turn);
    },
);

it("finds nothing to mend afterwards", async () => {
    await stack.refresh("--expect-no-changes");
    await stack.preview("--expect-no-changes");
});
