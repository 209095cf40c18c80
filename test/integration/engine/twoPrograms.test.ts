import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { startSshd, type Sshd } from "../../lab/sshd.js";
import { Stack } from "../../lab/stack.js";
import { livePeers, withKeys } from "./fixtures.js";

jest.setTimeout(600_000);

const ROUNDS = process.env["SLOW"] === "1" ? 20 : 3;
const APPLY = ["up", "--yes", "--skip-preview"];
const named = ({ name, publicKey }: { name: string; publicKey: string }) => ({ name, publicKey });
const [alice, other, ...newcomers] = withKeys(
    "alice",
    "other",
    ...Array.from({ length: 2 * ROUNDS + 4 }, (_, index) => `n${index}`),
).map(named);

let lab: Lab<keyof typeof TOPOLOGY>;
let relay: LabNode;
let sshd: Sshd;
let device: string;
let first: Stack;
let second: Stack;
const stacks: Stack[] = [];
/** Everybody whose update succeeded. */
let team = [alice!];

beforeAll(async () => {
    lab = await Lab.create("two");
    relay = lab.node("relay");
    device = lab.interface("relay");
    sshd = await startSshd(relay, lab.folder);
    const ssh = { address: relay.place.wan, hostKey: sshd.hostKey, identityFile: sshd.identityFile };
    const stackOf = async (peer: typeof alice, from: "outside" | "alice", project?: string): Promise<Stack> => {
        const stack = await Stack.create({ interface: device, ssh, peers: [peer!] }, project);
        stack.liveIn(lab.node(from));
        stack.env["PULUMI_STACK"] = "dev";
        stacks.push(stack);
        return stack;
    };
    [first, second] = await Promise.all([stackOf(alice, "outside"), stackOf(other, "alice", "elsewhere")]);
});

afterAll(() => {
    lab?.close();
    for (const stack of stacks) stack.close();
});

const onTheWire = async (): Promise<string[]> =>
    [...(await livePeers(relay, device)).values()].map(({ publicKey }) => publicKey).sort();
const keysOf = (peers: { publicKey: string }[]): string[] => peers.map(({ publicKey }) => publicKey).sort();

it("lets one of two stacks make a relay, and the other neither change nor remove it", async () => {
    const runs = await Promise.all([first, second].map(async (stack) => ({ stack, ...(await stack.run(APPLY)) })));
    const [won, lost] = runs.sort((a, b) => Number(a.code) - Number(b.code));
    expect([won!.code, lost!.code]).toEqual([0, 1]);
    expect(lost!.text).toMatch(
        /\/etc\/qp-tunnel-\S+ belongs to (lab|elsewhere)\/dev\/relay, this is (lab|elsewhere)\/dev\/relay; use another appName or interface/,
    );
    expect(await onTheWire()).toEqual(keysOf(won!.stack.declared.peers as typeof team));
    await lost!.stack.destroy();
    expect(await onTheWire()).toEqual(keysOf(won!.stack.declared.peers as typeof team));
    [first, second] = [won!.stack, lost!.stack];
    team = first.declared.peers as typeof team;
});

it(`loses no update of two clones that apply at once, ${ROUNDS} rounds`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
        pull(first, second);
        const runs = await Promise.all(
            [first, second].map(async (stack, index) => {
                const newcomer = newcomers[2 * round + index]!;
                stack.declare({ peers: [...team, newcomer] });
                return { stack, newcomer, ...(await stack.run(APPLY)) };
            }),
        );
        const [won, lost] = runs.sort((a, b) => Number(a.code) - Number(b.code));
        expect([won!.code, lost!.code]).toEqual([0, 1]);
        expect(lost!.text).toMatch(
            /audit\/dev\.jsonl: it .+; the relay's last change is record \d+ of its log; |locked by 1 lock/,
        );
        team = [...team, won!.newcomer];
        [first, second] = [won!.stack, lost!.stack];
        expect(await onTheWire()).toEqual(keysOf(team));
    }
    // What the loser has to do: pull, and apply again.
    pull(first, second);
    await second.up();
    team = second.declared.peers as typeof team;
    expect(await onTheWire()).toEqual(keysOf(team));
    await second.refresh("--expect-no-changes");
    [first, second] = [second, first];
});

it("stops an update when another one was applied meanwhile under the same log", async () => {
    pull(first, second);
    const audit = { path: first.logFile };
    // Its first question to the relay is answered; before what follows from it, the other update passes.
    const [held, go] = ["held", "go"].map((name) => join(lab.folder, name)) as [string, string];
    // Only a step waits for the relay's lock as long as this.
    sshd.interpose(
        "flock",
        `[ "$*" != "-w 30 9" ] || [ -e ${held} ] || { : > ${held}; until [ -e ${go} ]; do sleep 0.05; done; }`,
    );
    second.declare({ peers: [...team, newcomers.at(-1)!], audit });
    let ended = "";
    const stopped = second.run(APPLY).then((run) => ((ended = run.text), run));
    while (!existsSync(held)) {
        if (ended !== "") throw new Error(`it did not get there:\n${ended}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    team = [...team, newcomers.at(-2)!];
    first.declare({ peers: team, audit });
    await first.up();
    await relay.run(["touch", go]);
    const { code, text } = await stopped;
    sshd.restore();
    expect(code).toBe(1);
    expect(text).toMatch(
        /root@\S+: another update changed the relay while this one was under way, under record \d+ of the log; nothing was overwritten; wait until it is done/,
    );
    expect(await onTheWire()).toEqual(keysOf(team));
    expect(first.log().findLast(({ status }) => status === "failure")).toMatchObject({
        action: "peers_apply_error",
        message: expect.stringContaining("another update changed the relay"),
    });
});

/** State, log and what both are sealed with, as a backend and a repository have them. */
function pull(from: Stack, to: Stack): void {
    for (const name of ["backend", "config", "audit", "Pulumi.yaml", "Pulumi.dev.yaml"]) {
        rmSync(join(to.folder, name), { recursive: true, force: true });
        cpSync(join(from.folder, name), join(to.folder, name), { recursive: true });
    }
}
