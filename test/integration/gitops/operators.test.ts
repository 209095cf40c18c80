import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { Lab, type TOPOLOGY } from "../../lab/index.js";
import { execute, type Outcome } from "../../lab/processes.js";
import { Stack, searchPath } from "../../lab/stack.js";
import { withKeys } from "../engine/fixtures.js";
import { Repository } from "./repository.js";

// docs/operators-machine.md, as it is printed there: its commands, on a machine that has nothing.

jest.setTimeout(300_000);

const PAGE = readFileSync(join(__dirname, "../../../docs/operators-machine.md"), "utf8");
const [PRINT = "", STEPS = ""] = [...PAGE.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text]) => text!);
const peers = withKeys("alice", "bob").map(({ name, publicKey }) => ({ name, publicKey }));

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let repository: Repository;

beforeAll(async () => {
    lab = await Lab.create("operators");
    const place = { namespace: lab.node("relay").namespace, interface: lab.interface("relay") };
    stack = await Stack.create({ ...place, peers: peers.slice(0, 1) }, "office");
    await stack.succeed(["stack", "init", "prod"]);
    repository = new Repository(stack, mkdtempSync(join(lab.folder, "git-")));
    repository.push({});
    // The first machine is the author's.
    const first = await on(stack.folder, `cd ${repository.author} && npm ci && pulumi up --yes --stack prod`);
    expect(first.stderr + first.stdout).toContain("pinned");
    repository.commit();
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("says in a preview that the signing key is missing, and refuses to update without it", async () => {
    const home = mkdtempSync(join(lab.folder, "home-"));
    const without = STEPS.replace(/^cat > .*$/m, "");
    const { code, stdout } = await on(home, without.replace(/^npx .*doctor$/m, "npx --no qp-tunnel doctor || true"));
    expect([code, stdout]).toEqual([0, expect.stringContaining("An update on this machine will be refused")]);
    expect(stdout).toMatch(/PROBLEM {2}signing key: .*prod\.key: it is not on this machine/);
    repository.push({ peers });
    const change = "cd office && git pull -q && pulumi up --yes --skip-preview";
    const refused = await on(home, change);
    expect(refused.code).not.toBe(0);
    expect(refused.stdout).toContain("it is not on this machine, and the log is sealed with it");
    repository.push({ peers: peers.slice(0, 1) });
});

it("has everything with the four things that the page names, and goes on from there", async () => {
    const key = await on(stack.folder, PRINT);
    expect([key.code, key.stdout]).toEqual([0, expect.stringMatching(/^[0-9a-f]{64}\n$/)]);
    const home = mkdtempSync(join(lab.folder, "home-"));
    const { code, stdout, stderr } = await on(home, STEPS, key.stdout);
    expect([code, code === 0 ? "" : stdout + stderr]).toEqual([0, ""]);
    expect(stdout).not.toMatch(/PROBLEM|refused/);
    expect(stdout).toMatch(/^ok {7}signing key: /m);
    expect(stdout).toMatch(/^ok {7}relay relay: .* answers$/m);
    repository.push({ peers });
    const next = await on(home, "cd office && git pull -q && pulumi up --yes --skip-preview");
    expect([next.code, next.stdout]).toEqual([0, expect.stringContaining("bob will be added at 10.8.0.3")]);
});

/** What a person types in a home folder of their own; a bash that ends with the first command that fails. */
async function on(home: string, script: string, input = ""): Promise<Outcome> {
    const commands = script.replace("git@git.example.org:ops/office.git", `file://${repository.origin}`);
    mkdirSync(join(home, ".config"), { recursive: true });
    const env = {
        ...stack.env,
        HOME: home,
        PULUMI_HOME: join(home, "pulumi"),
        XDG_CONFIG_HOME: join(home, ".config"),
        BACKEND_URL: stack.env["PULUMI_BACKEND_URL"]!,
        PATH: [repository.bin, searchPath()].join(delimiter),
    };
    return execute(["env", "-C", home, "bash", "-e", "-c", commands], { env, input });
}
