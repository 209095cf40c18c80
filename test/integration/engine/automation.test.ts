import { readFileSync } from "node:fs";
import { join } from "node:path";

import ts from "typescript";

import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { execute } from "../../lab/processes.js";
import { searchPath, Stack } from "../../lab/stack.js";
import { livePeers, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

/** The programs of docs/automation.md, to the letter. */
const PAGE = readFileSync(join(__dirname, "../../../docs/automation.md"), "utf8");
const [alice, bob] = withKeys("alice", "bob").map(({ name, publicKey }) => ({ name, publicKey }));
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;

beforeAll(async () => {
    lab = await Lab.create("automation");
    relay = lab.node("relay");
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        peers: [alice!],
    });
    for (const name of ["inline", "local"]) stack.file(`${name}.js`, documented(name));
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

function documented(name: string): string {
    const block = new RegExp("^```ts\\n(// " + name + "\\.ts\\n.*?)^```$", "ms").exec(PAGE)?.[1] ?? "";
    const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
    return ts.transpileModule(block, { compilerOptions: options }).outputText;
}

/** Runs a program that runs Pulumi; what it prints at its end, as JSON. */
async function runs<T>(body: string): Promise<T> {
    stack.file(
        "main.js",
        `(async () => { ${body} })().catch((error) => { console.error(error); process.exitCode = 1; });`,
    );
    const { code, stdout, stderr } = await execute(["node", join(stack.folder, "main.js")], {
        timeout: 240_000,
        env: { ...stack.env, PATH: searchPath() },
    });
    if (code !== 0) throw new Error(stdout + stderr);
    return JSON.parse(stdout.trim().split("\n").at(-1)!) as T;
}

it("runs an inline program: sentences, relay, log, and nothing to do the second time", async () => {
    const team = JSON.stringify([alice, bob]);
    const args = [stack.folder, stack.declared.interface, relay.namespace].map((each) => JSON.stringify(each));
    const done = await runs<{
        sentences: string[];
        result: string;
        addresses: Record<string, string>;
        again: Record<string, number>;
    }>(`
        const { deploy } = require("./inline.js");
        const { stack, sentences, result, outputs } = await deploy(${args[0]}, ${team}, ${args[1]}, ${args[2]});
        const { changeSummary: again } = await stack.preview();
        console.log(JSON.stringify({ sentences, result, addresses: outputs.addresses.value, again }));`);
    expect(done.result).toBe("succeeded");
    const added = done.sentences.filter((sentence) => sentence.includes("will be added"));
    expect(added).toEqual(["relay: alice will be added at 10.8.0.2", "relay: bob will be added at 10.8.0.3"]);
    expect(done.addresses).toEqual({ alice: "10.8.0.2", bob: "10.8.0.3" });
    expect(Object.keys(done.again)).toEqual(["same"]);
    expect([...(await livePeers(relay, stack.declared.interface)).keys()]).toEqual(["10.8.0.2/32", "10.8.0.3/32"]);
    stack.logName = "team";
    expect(stack.log().filter(({ action, status }) => action === "peer_add" && status === "success")).toHaveLength(2);
});

it("removes it again", async () => {
    const args = [stack.folder, stack.declared.interface, relay.namespace].map((each) => JSON.stringify(each));
    await runs(`
        const { automation } = require("@pulumi/pulumi");
        const stack = await automation.LocalWorkspace.selectStack(
            { stackName: "team", projectName: "lab", program: async () => undefined },
            { workDir: ${args[0]} },
        );
        await stack.destroy();
        console.log("{}");`);
    expect(await relay.run(["ip", "-o", "link"])).not.toContain(stack.declared.interface);
});

it("runs a local program", async () => {
    const done = await runs<Record<string, number>>(`
        const { update } = require("./local.js");
        const { stack, changeSummary } = await update(${JSON.stringify(stack.folder)}, "dev");
        await stack.destroy();
        console.log(JSON.stringify(changeSummary));`);
    expect(Object.keys(done)).toEqual(["same"]);
    stack.logName = "dev";
    expect(stack.log().map(({ action }) => action)).toEqual(expect.arrayContaining(["setup_relay", "peer_add"]));
    expect(await relay.run(["ip", "-o", "link"])).not.toContain(stack.declared.interface);
});
