import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AuditLog } from "../../../providers/audit/log.js";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { reasons, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const peers = withKeys("alice", "bob", "carol").map(({ name, publicKey }) => ({ name, publicKey }));

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let whole: string;
/** Of the state, when the log was as in `whole`. */
let urn: (name: string) => string;

beforeAll(async () => {
    lab = await Lab.create("audit");
    relay = lab.node("relay");
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        peers,
        // One authority: the log has the lines that are counted below.
        services: [{ name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"], certificate: "ed25519" }],
    });
    await stack.up();
    whole = readFileSync(stack.logFile, "utf8");
    const state = await stack.state();
    urn = (name) => state[name]!.urn;
    // Something to do for whoever does not refuse.
    stack.declare({ mtu: 1380, grants: [{ from: "carol", to: "alice", ports: ["all"] }] });
});

afterEach(() => writeFileSync(stack.logFile, whole));

afterAll(() => {
    lab?.close();
    stack?.close();
});

const lines = (): string[] => whole.split(/(?<=\n)/);

/** What a log may be found to be, and what is said of it. */
const DAMAGES: [string, () => void, RegExp][] = [
    [
        "cut after its 9th line",
        () => writeFileSync(stack.logFile, lines().slice(0, 9).join("")),
        /^audit\/dev.jsonl: it is at least 5 lines older than the state: line 10 is missing here; rebase this branch/,
    ],
    [
        "short of its last line",
        () => writeFileSync(stack.logFile, lines().slice(0, -1).join("")),
        /^audit\/dev.jsonl: it is (at least )?1 line older than the state: line 20 is missing here; rebase this branch/,
    ],
    [
        "edited in its 5th line",
        () =>
            writeFileSync(
                stack.logFile,
                lines()
                    .map((line, index) => (index === 4 ? line.replace("relay", "delay") : line))
                    .join(""),
            ),
        /^line 5 of audit\/dev.jsonl: its content does not match its hash/,
    ],
    [
        "without its 5th line",
        () =>
            writeFileSync(
                stack.logFile,
                lines()
                    .filter((_, index) => index !== 4)
                    .join(""),
            ),
        /^line 5 of audit\/dev.jsonl: its sequence is 5, not 4: lines are missing, duplicated or swapped/,
    ],
    [
        "missing",
        () => rmSync(stack.logFile),
        /^line [345] of audit\/dev.jsonl: it is missing: the log does not exist.*restartFrom: "[0-9a-f]{64}"/,
    ],
];

it.each(DAMAGES)("a preview fails with a log that is %s", async (_name, damage, words) => {
    damage();
    expect(reasons(await stack.fail(["preview"]))).toStrictEqual([expect.stringMatching(words)]);
});

it("a preview fails with another log, begun anew with the same key", async () => {
    rmSync(stack.logFile);
    copyFileSync(join(stack.folder, "config/pulumi-qp-tunnel/keys/lab/dev.key"), join(stack.folder, "copied.key"));
    const ref = { path: stack.logFile, project: "lab", stack: "dev", signingKey: `file:${stack.folder}/copied.key` };
    const log = await AuditLog.open(ref);
    for (let record = 0; record < lines().length; record++)
        await log.append({ action: "peer_add", message: "Added nobody" });
    expect(reasons(await stack.fail(["preview"]))).toStrictEqual([
        expect.stringMatching(
            /^line [345] of audit\/dev.jsonl: it was replaced: the state remembers [0-9a-f]{64} at byte \d+; restore/,
        ),
    ]);
});

it("nothing is done with a cut log, by whatever command, and all works again with the whole one", async () => {
    const cut = lines().slice(0, -3).join("");
    writeFileSync(stack.logFile, cut);
    const before = await wire();
    const yes = ["--yes", "--skip-preview"];
    for (const command of [
        ["up", ...yes],
        ["up", ...yes, "--target", urn("relay-wireguard")],
        ["up", ...yes, "--target", urn("relay-firewall"), "--replace", urn("relay-firewall")],
        ["refresh", ...yes],
        ["destroy", ...yes],
        ["destroy", ...yes, "--target", urn("relay-grants"), "--target-dependents"],
    ]) {
        expect(reasons(await stack.fail(command))).toStrictEqual([
            expect.stringMatching(
                /^(audit\/dev.jsonl: it is (at least )?\d lines? older than the state: line 18 is missing here|line 18 of audit\/dev.jsonl: it is missing: the log ends after 17 lines, 19 were written here)/,
            ),
        ]);
        expect(await wire()).toStrictEqual(before);
        expect(readFileSync(stack.logFile, "utf8")).toBe(cut);
    }

    writeFileSync(stack.logFile, whole);
    expect(await stack.up()).toContain("~ 3 updated");
    expect((await wire()).firewall).not.toBe(before.firewall);
    await stack.preview("--expect-no-changes");
    whole = readFileSync(stack.logFile, "utf8");
});

it("a log that is ahead of the state is fine: the next up makes both agree", async () => {
    await stack.succeed(["stack", "export", "--file", join(stack.folder, "older.json")]);
    stack.declare({ peers: peers.slice(0, 2), grants: [] });
    await stack.up();
    const after = await wire();
    whole = readFileSync(stack.logFile, "utf8");
    await stack.succeed(["stack", "import", "--file", join(stack.folder, "older.json")]);
    expect(await stack.preview()).toContain("relay: carol (10.8.0.4) is cut off at once");
    await stack.up();
    await stack.refresh("--expect-no-changes");
    expect(await wire()).toStrictEqual(after);
    whole = readFileSync(stack.logFile, "utf8");
});

it("on a branch that is behind says that first, and does not advise to trust a key again that was revoked meanwhile", async () => {
    const revoked = stack.log().findLastIndex(({ action }) => action === "registry_update_begin");
    writeFileSync(stack.logFile, lines().slice(0, revoked).join(""));
    stack.declare({ peers });
    const behind = expect.stringMatching(
        /^audit\/dev.jsonl: it is at least \d+ lines older than the state: line \d+ is missing here; rebase this branch/,
    );
    const text = await stack.fail(["preview"]);
    expect(reasons(text)).toStrictEqual([behind]);
    expect(text).not.toContain("reinstate");

    stack.declare({ audit: { onBehind: "warn" } });
    const warned = await stack.fail(["preview"]);
    expect(reasons(warned)).toStrictEqual([
        "peers.carol.publicKey: was changed in the state since this branch was created; rebase the branch first",
    ]);
    expect(warningsIn(warned)).toStrictEqual([behind]);

    stack.declare({ peers: peers.slice(0, 2), mtu: 1390 });
    const passed = await stack.preview();
    expect(warningsIn(passed)).toStrictEqual([behind]);
    expect(passed).toContain("MTU changes from 1380 to 1390");
    expect(passed).not.toContain("verified");
});

it("an update says each thing once: in its preview, and when it is done", async () => {
    stack.declare({
        audit: {},
        services: [{ name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"], keyExchange: "prefer" }],
    });
    const { text } = await stack.succeed(["up", "--yes"]);
    const [preview = "", update = ""] = text.split("Updating (").map(diagnosticsIn);
    for (const said of [preview, update])
        expect(warningsIn(said)).toStrictEqual([expect.stringContaining("keyExchange")]);
    expect(preview.match(/, verified/g)).toHaveLength(1);
    expect(update).not.toContain(", verified");
    expect(update.match(/, pinned/g)).toHaveLength(1);
    whole = readFileSync(stack.logFile, "utf8");
});

/** What the engine sums up at its end; it has shown each line before, beside its resource. */
function diagnosticsIn(text: string): string {
    return text.slice(text.indexOf("Diagnostics:"));
}

function warningsIn(text: string): string[] {
    return text.split("\n").flatMap((line) => /^ +warning: (.*)$/.exec(line)?.[1] ?? []);
}

async function wire(): Promise<{ peers: string; firewall: string; listeners: string }> {
    return {
        peers: await relay.run(["bash", "-c", `wg show ${stack.declared.interface} allowed-ips | sort`]),
        firewall: await relay.run(["nft", "-s", "list", "ruleset"]),
        listeners: await relay.run(["ss", "-Hltn"]),
    };
}
