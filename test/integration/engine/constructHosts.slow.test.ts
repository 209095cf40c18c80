/** Relays that the plugin declares for a program in any language, on machines that are reached over SSH or made for them. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { startSshd, type Sshd } from "../../lab/sshd.js";
import { type Declared, Stack } from "../../lab/stack.js";
import { connect, spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const team = withKeys("alice", "bob");
const peers = team.map(({ name, publicKey }) => ({ name, publicKey }));

let lab: Lab<keyof typeof TOPOLOGY>;
let relay: LabNode, operator: LabNode, alice: LabNode, bob: LabNode;
let sshd: Sshd;

beforeAll(async () => {
    lab = await Lab.create("constructhosts");
    [relay, operator, alice, bob] = [lab.node("relay"), lab.node("outside"), lab.node("alice"), lab.node("bob")];
    sshd = await startSshd(relay, lab.folder);
});

afterAll(() => lab?.close());

/** What the engine says of the same relay in TypeScript and as data. */
async function bothPreview(declared: Declared, prepare: (stack: Stack) => void): Promise<[string[], string[]]> {
    const said: string[][] = [];
    for (const program of ["relay", "remote"]) {
        const stack = await Stack.create(declared, "lab", program);
        try {
            prepare(stack);
            said.push(spoken(await stack.preview()));
        } finally {
            stack.forget();
        }
    }
    return said as [string[], string[]];
}

describe("over SSH", () => {
    let declared: Declared;
    let stack: Stack;

    beforeAll(async () => {
        declared = {
            ...{ interface: lab.interface("relay"), peers, confirmTimeout: 10 },
            // The key as a secret value: no file of the operator's is named.
            ssh: { address: relay.place.wan, hostKey: sshd.hostKey, privateKey: { secret: sshd.privateKey } },
        };
        stack = await Stack.create(declared, "lab", "remote");
        stack.liveIn(operator);
    });

    afterAll(() => stack?.close());

    it("previews the sentences of the TypeScript program", async () => {
        const [typescript, remote] = await bothPreview(declared, (each) => each.liveIn(operator));
        expect(typescript.length).toBeGreaterThan(3);
        expect(remote).toStrictEqual(typescript);
    });

    it("connects peers, and has nothing to do a second time", async () => {
        await stack.up();
        const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
        await connect(lab, configs, team, ["alice", "bob"]);
        await stack.preview("--expect-no-changes");
    });

    it("cuts off who is taken out of the data", async () => {
        expect(await bob.ping("10.8.0.1")).toBe(true);
        stack.declare({ peers: peers.slice(0, 1) });
        await stack.up();
        expect(await bob.ping("10.8.0.1")).toBe(false);
        expect(await alice.ping("10.8.0.1")).toBe(true);
    });

    it("shows its login key nowhere", async () => {
        const { text } = await stack.succeed(["stack", "export"]);
        expect(text).not.toContain("OPENSSH PRIVATE KEY");
    });

    it("is gone from the machine when it is destroyed", async () => {
        await stack.destroy();
        expect(await relay.run(["ip", "-br", "link"])).not.toContain(lab.interface("relay"));
        expect(Object.keys(await stack.state())).toStrictEqual([]);
    });
});

it("previews the sentences of the TypeScript program on a machine that DigitalOcean is to make", async () => {
    const cloud = join(lab.folder, "cloud");
    mkdirSync(cloud, { mode: 0o700 });
    const declared = {
        ...{ interface: lab.interface("relay"), peers, confirmTimeout: 10 },
        digitalOcean: { reservedIp: true, tags: ["team:network"] },
    };
    const [typescript, remote] = await bothPreview(declared, (stack) => {
        stack.useCloud({
            folder: cloud,
            droplets: [{ namespace: relay.namespace, address: relay.place.wan }],
            reservedIp: "198.51.100.200",
            neighbours: [],
        });
    });
    expect(typescript).toContain("relay: is set up on a machine that does not exist yet");
    expect(remote).toStrictEqual(typescript);
});
