import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { livePeers, reasons, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

/** Log and state that were rolled back together agree with each other. The machines do not: nothing is appended before all were asked. */
const [alice, bob] = withKeys("alice", "bob").map(({ name, publicKey }) => ({ name, publicKey }));
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode, carol: LabNode;
let site: Stack["declared"]["peers"][number];
/** Of log and state, before and after the managed peer's machine alone was changed. */
let older: Copy, newer: Copy;

interface Copy {
    log: string;
    state: string;
}

beforeAll(async () => {
    lab = await Lab.create("anchors");
    [relay, carol] = [lab.node("relay"), lab.node("carol")];
    site = { name: "site", host: { namespace: carol.namespace }, interface: lab.interface("site") };
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        peers: [alice!, site],
    });
    await stack.up();
    older = await copy();
    stack.declare({ keepalive: 20 });
    await stack.up();
    newer = await copy();
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

async function copy(): Promise<Copy> {
    const { stdout } = await stack.succeed(["stack", "export"]);
    return { log: readFileSync(stack.logFile, "utf8"), state: stdout };
}

async function bringBack({ log, state }: Copy): Promise<void> {
    writeFileSync(stack.logFile, log);
    stack.file("copy.json", state);
    await stack.succeed(["stack", "import", "--file", join(stack.folder, "copy.json")]);
    // Another operator's machine has not seen the log.
    rmSync(join(stack.folder, "config/pulumi-qp-tunnel/seen"), { recursive: true, force: true });
}

it("changes the managed peer's machine alone", () => {
    const then = older.log.split("\n").length;
    const relays = newer.log
        .split("\n")
        .slice(then - 1, -1)
        .map((line) => (JSON.parse(line) as { details: { relay?: string } }).details.relay);
    expect(new Set(relays)).toEqual(new Set(["relay/site"]));
});

it.each<[string, () => void, string[]]>([
    ["lists another peer", () => stack.declare({ peers: [alice!, bob!, site] }), ["up", "--yes", "--skip-preview"]],
    [
        "changes what the registry knows nothing of",
        () => stack.declare({ mtu: 1380 }),
        ["up", "--yes", "--skip-preview"],
    ],
    ["drops the managed peer", () => stack.declare({ peers: [alice!], mtu: 1380 }), ["up", "--yes", "--skip-preview"]],
    ["destroys everything", () => undefined, ["destroy", "--yes", "--skip-preview"]],
])(
    "appends nothing to a log that lacks the record of the managed peer's machine, and changes nothing: %s",
    async (_what, change, command) => {
        const { peers, mtu } = stack.declared;
        await bringBack(older);
        const wire = [...(await livePeers(relay, stack.declared.interface))];
        change();
        expect(reasons(await stack.fail(command)).join("\n")).toMatch(
            /the relay's last change is record \d+ of its log/,
        );
        expect(readFileSync(stack.logFile, "utf8")).toBe(older.log);
        expect([...(await livePeers(relay, stack.declared.interface))]).toEqual(wire);
        stack.declare({ peers, mtu });
    },
);

it("goes on with the whole log", async () => {
    await bringBack(newer);
    stack.declare({ peers: [alice!, bob!, site] });
    await stack.up();
    expect([...(await livePeers(relay, stack.declared.interface)).keys()]).toContain("10.8.0.4/32");
    await stack.preview("--expect-no-changes");
    await stack.destroy();
    for (const node of [relay, carol]) expect(await node.run(["nft", "list", "ruleset"])).toBe("");
});
