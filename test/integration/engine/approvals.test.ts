import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { isAuthority } from "../../../core/audit/authority.js";
import { Lab, type TOPOLOGY } from "../../lab/index.js";
import { qpTunnel } from "../../lab/command.js";
import { execute } from "../../lab/processes.js";
import { Stack } from "../../lab/stack.js";
import { withKeys } from "./fixtures.js";

// A plan is approved with ssh-keygen, and the engine applies that plan, once, and no other one.

jest.setTimeout(600_000);

const NAMESPACE = "approval@pulumi-qp-tunnel";
// A key that was removed stays revoked: each change has its own peer.
const team = withKeys("alice", "nas", "bob", "carl", "dora", "emil", "fay", "gus").map(({ name, publicKey }) => ({
    name,
    publicKey,
}));
const teammate = (name: string) => team.find((mate) => mate.name === name)!;
const [alice, nas, bob] = ["alice", "nas", "bob"].map(teammate) as [Mate, Mate, Mate];
type Mate = (typeof team)[number];
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;

/** The peers that stay; `gen` has keys that are generated. */
const own = (epoch = 1) => [alice, nas, { name: "gen", keyEpoch: epoch }];
const inStack = (...names: string[]): string => join(stack.folder, ...names);

/** Makes an approver's key, and says its line of allowed_signers. */
async function keyOf(name: string): Promise<string> {
    const { code } = await execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", inStack(name)]);
    expect(code).toBe(0);
    return `${name}@example.com ${readFileSync(inStack(`${name}.pub`), "utf8").trim()}`;
}

async function previewed(...options: string[]): Promise<void> {
    stack.file("plan.json", (await stack.succeed(["preview", "--json", ...options])).stdout);
}

/** Has approvers sign the plan. */
async function approve(...names: string[]): Promise<void> {
    for (const name of names) {
        const { code, stderr } = await qpTunnel(stack, ["approve", "plan.json", "--key", name]);
        expect([code, stderr]).toEqual([0, ""]);
    }
}

const check = async (): Promise<number | null> => (await qpTunnel(stack, ["approve", "plan.json", "--check"])).code;
const up = (...options: string[]): Promise<string> => stack.up(...options);
const refused = (...options: string[]): Promise<string> => stack.fail(["up", "--yes", "--skip-preview", ...options]);
const size = (): number => (existsSync(stack.logFile) ? stack.log().length : 0);
const forget = (): void => rmSync(inStack("approvals"), { recursive: true, force: true });

let signers: Record<"ann" | "ben" | "eve", string>;

beforeAll(async () => {
    lab = await Lab.create("approvals");
    stack = await Stack.create({
        namespace: lab.node("relay").namespace,
        interface: lab.interface("relay"),
        endpoint: `${lab.node("relay").place.wan}:51820`,
        peers: [alice, nas, { name: "gen" }],
        services: [{ name: "web", upstream: { peer: "nas", port: 80 }, allow: ["alice"] }],
        grants: [{ from: ["alice"], to: "nas", ports: ["tcp/22"] }],
    });
    signers = { ann: await keyOf("ann"), ben: await keyOf("ben"), eve: await keyOf("eve") };
    stack.file("allowed_signers", `${signers.ann}\n${signers.ben}\n`);
    stack.declare({ audit: { approvers: { signers: `${signers.ann}\n${signers.ben}\n`, required: 2 } } });
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("creates nothing that nobody approved, or that one of two did", async () => {
    expect(await refused()).toContain("is not approved: there is no approval for this stack and its log");
    await previewed();
    await approve("ann");
    expect(await check()).toBe(1);
    expect(await refused()).toContain("is signed by 1 (ann@example.com) of 2 required approvers");
    await approve("eve");
    expect(await refused()).toMatch(/and the key SHA256:\S+ is not an approver's/);
    expect(size()).toBe(0);
});

it("creates what both approved, which ssh-keygen verifies and the log proves", async () => {
    await approve("ben");
    expect(await check()).toBe(0);
    const statement = readdirSync(inStack("approvals")).find((name) => name.endsWith(".json"))!;
    const text = inStack("approvals", statement);
    const verified = await Promise.all(
        readdirSync(inStack("approvals"))
            .filter((name) => name.endsWith(".sig"))
            .flatMap((signature) =>
                ["ann@example.com", "ben@example.com"].map((principal) =>
                    execute([
                        ...["sh", "-c", 'f=$1; shift; exec ssh-keygen -Y verify "$@" <"$f"', "sh", text],
                        ...["-f", inStack("allowed_signers"), "-I", principal, "-n", NAMESPACE],
                        ...["-s", inStack("approvals", signature)],
                    ]),
                ),
            ),
    );
    expect(verified.filter(({ code }) => code === 0)).toHaveLength(2);
    await up();
    const begins = stack.log().filter(({ action }) => action.endsWith("_begin"));
    expect(begins.length).toBeGreaterThan(5);
    for (const { details } of begins)
        expect(isAuthority(details["authority"]) && details["authority"].approver).toBe(
            "ann@example.com, ben@example.com",
        );
    const { code, stdout } = await qpTunnel(stack, ["audit", "verify", "audit/dev.jsonl", "--approvers", "allowed_signers"]);
    expect([code, stdout]).toEqual([
        0,
        expect.stringMatching(/ {2}approved {3}\d+ operations under 1 approvals by ann@example.com, ben@example.com; updates need 2 of/),
    ]);
    expect(await stack.preview("--expect-no-changes")).not.toContain("an approval of this plan");
}); // prettier-ignore

it("applies a change that both approved, not a different one, and not a second time", async () => {
    stack.declare({ peers: [...own(), bob] });
    await previewed();
    await approve("ann", "ben");
    stack.declare({ grants: [{ from: ["alice", "bob"], to: "nas", ports: ["all"] }] });
    const before = size();
    const text = await refused();
    expect(text).toContain("is not approved: approval ");
    // The registry is as approved; what lets more through than was approved is not applied.
    expect(stack.log().slice(before).map(({ action }) => action)).not.toContain("grants_apply_begin"); // prettier-ignore
    expect(text).toMatch(/Grants|Host/);
    await previewed();
    await approve("ann", "ben");
    await up();
    stack.declare({ peers: own(), grants: [{ from: ["alice"], to: "nas", ports: ["tcp/22"] }] });
    cpSync(inStack("approvals"), inStack("approvals.old"), { recursive: true });
    expect(await refused()).toContain("is not approved");
});

it("refuses a stale plan: something was recorded since, or another update was applied", async () => {
    forget();
    await previewed();
    await approve("ann", "ben");
    expect((await qpTunnel(stack, ["audit", "rotate-key", "audit/dev.jsonl"])).code).toBe(0);
    expect(await refused()).toContain("is stale: log_key_rotated was recorded since its plan was made");
    await previewed();
    await approve("ann", "ben");
    await up();
    // Two pull requests at once, each previewed and approved on the same log.
    stack.declare({ peers: [...own(), teammate("carl")] });
    await previewed();
    await approve("ann", "ben");
    stack.declare({ peers: [...own(), teammate("dora")] });
    await previewed();
    await approve("ann", "ben");
    await up();
    stack.declare({ peers: [...own(), teammate("carl")] });
    expect(await refused()).toContain("is not approved");
});

it("refuses a forged approval", async () => {
    forget();
    stack.declare({ peers: [...own(), teammate("dora"), teammate("emil")] });
    await previewed();
    await approve("ann", "ben");
    const [statement = ""] = readdirSync(inStack("approvals")).filter((name) => name.endsWith(".json"));
    const text = readFileSync(inStack("approvals", statement), "utf8");
    const forged = { ...(JSON.parse(text) as object), plan: "0".repeat(64) };
    writeFileSync(inStack("approvals", statement), `${JSON.stringify(forged)}\n`);
    expect(await refused()).toContain("is signed by 0 of 2 required approvers");
    // A signature for something else approves nothing.
    const other = ["ssh-keygen", "-Y", "sign", "-q", "-n", "git", "-f", inStack("ben"), inStack("approvals", statement)];
    expect((await execute(other)).code).toBe(0);
    expect(await refused()).toContain("is signed by 0 of 2 required approvers");
}); // prettier-ignore

it("refuses each step that is not approved, also one that is targeted", async () => {
    forget();
    stack.declare({ peers: [...own(), teammate("dora"), teammate("emil")] });
    await previewed("--target", "**relay-registry");
    await approve("ann", "ben");
    const missing = "does not contain the update of WireGuard relay-wireguard";
    // What was approved is done, and no more.
    expect(await refused("--target", "**relay-registry", "--target", "**relay-wireguard")).toContain(missing);
    expect(stack.log().at(-1)?.action).toBe("registry_update");
    expect(await refused()).toContain(missing);
    forget();
    await previewed();
    await approve("ann", "ben");
    await up();
});

it("rotates a key that is generated in the update, of which no preview knows more", async () => {
    forget();
    stack.declare({ peers: [...own(2), teammate("dora"), teammate("emil")] });
    await previewed();
    await approve("ann", "ben");
    await up();
    stack.declare({ peers: [...own(2), teammate("dora")] });
    await previewed();
    await approve("ann", "ben");
    await up();
});

it("repairs what a refresh found, as it was approved", async () => {
    forget();
    const { publicKey } = teammate("dora");
    await lab.node("relay").run(["wg", "set", lab.interface("relay"), "peer", publicKey, "remove"]);
    expect(await refused("--refresh")).toContain("is not approved: there is no approval");
    await previewed("--refresh");
    await approve("ann", "ben");
    await up("--refresh");
    expect(await lab.node("relay").run(["wg", "show", lab.interface("relay"), "peers"])).toContain(publicKey);
});

it("lets an emergency through, and says so ever after", async () => {
    forget();
    stack.declare({ peers: [...own(2), teammate("fay")] });
    stack.env["QPTUNNEL_EMERGENCY"] = "relay is down, INC-7";
    await up().finally(() => delete stack.env["QPTUNNEL_EMERGENCY"]);
    const { code, stdout } = await qpTunnel(stack, ["audit", "verify", "audit/dev.jsonl"]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("was an emergency, without an approval: relay is down, INC-7")]);
}); // prettier-ignore

it("has a change of the approvers approved by those before, whatever the program says", async () => {
    stack.declare({ audit: {}, peers: [...own(2), teammate("fay"), teammate("gus")] });
    expect(await refused()).toContain("is not approved");
    stack.declare({
        audit: { approvers: { signers: signers.eve, required: 1 } },
        peers: [...own(2), teammate("fay")],
    });
    await previewed();
    await approve("eve");
    expect(await refused()).toContain("is signed by 0 of 2 required approvers");
    await approve("ann", "ben");
    await up();
    forget();
    stack.declare({ peers: own(2) });
    await previewed();
    await approve("eve");
    await up();
    const { code } = await qpTunnel(stack, ["audit", "verify", "audit/dev.jsonl"]);
    expect(code).toBe(0);
});

it("destroys what was approved to be destroyed", async () => {
    forget();
    expect(await stack.fail(["destroy", "--yes", "--skip-preview"])).toContain("is not approved");
    const { stdout } = await stack.succeed(["destroy", "--preview-only", "--json"]);
    stack.file("plan.json", stdout);
    mkdirSync(inStack("approvals"), { recursive: true });
    const { code } = await qpTunnel(stack, ["approve", "plan.json", "--key", "eve", "--log", "audit/dev.jsonl"]);
    expect(code).toBe(0);
    await stack.destroy();
    expect((await qpTunnel(stack, ["audit", "verify", "audit/dev.jsonl"])).code).toBe(0);
});
