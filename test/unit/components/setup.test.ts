import type * as pulumi from "@pulumi/pulumi";

import { AuditSink, hosts, InvalidArgument, Relay, type Host, type SshOptions } from "../../../components/index.js";
import { runProgram, secret, type Registered } from "../program.js";

async function setupOf(host: () => Host): Promise<Registered[]> {
    const { registered } = await runProgram(() => {
        new Relay("relay", { host: host(), peers: [], audit: new AuditSink("audit") });
    });
    return registered.filter(({ name }) => name === "relay-setup");
}

const SILENT = { update: ":", logging: "none", addPreviousOutputInEnv: false };

describe("setup", () => {
    it("is nothing unless it is asked for", async () => {
        expect(await setupOf(() => hosts.local())).toStrictEqual([]);
    });

    it("runs on this machine", async () => {
        const [command] = await setupOf(() => hosts.local({ setup: { create: "make ready" } }));
        expect(command).toStrictEqual({
            type: "command:local:Command",
            name: "relay-setup",
            inputs: { ...SILENT, create: "make ready", interpreter: ["/bin/sh", "-c"], triggers: [""] },
        });
    });

    it.each<[string, () => Host]>([
        ["this machine", () => hosts.local({ setup: { create: "make ready" } })],
        ["a machine over SSH", () => hosts.ssh({ ...ACCESS, setup: { create: "make ready" } })],
        ["a Droplet", () => hosts.digitalOcean({ setup: { create: "make ready" } })],
    ])("has what it prints on %s as secrets in the state", async (_where, host) => {
        const marked: unknown[] = [];
        const note: pulumi.ResourceTransformation = ({ name, opts }) => {
            if (name === "relay-setup") marked.push((opts as pulumi.CustomResourceOptions).additionalSecretOutputs);
            return undefined;
        };
        await runProgram(() => {
            const args = { host: host(), peers: [], audit: new AuditSink("audit") };
            new Relay("relay", args, { transformations: [note] });
        });
        // The package adds the connection itself.
        expect(marked).toStrictEqual([expect.arrayContaining(["stdout", "stderr"])]);
    });

    it("runs in the namespace that is the relay", async () => {
        const [command] = await setupOf(() =>
            hosts.local({ namespace: "try", setup: { create: "make ready", delete: "make undone" } }),
        );
        expect(command?.inputs).toStrictEqual({
            ...SILENT,
            create: "make ready",
            delete: "make undone",
            interpreter: ["ip", "netns", "exec", "try", "/bin/sh", "-c"],
            triggers: ["try"],
        });
    });

    it("runs over SSH with the pinned host key and the given key", async () => {
        const [command] = await setupOf(() =>
            hosts.ssh({ ...ACCESS, port: 2222, user: "admin", setup: { create: "make ready" } }),
        );
        expect(command).toStrictEqual({
            type: "command:remote:Command",
            name: "relay-setup",
            inputs: {
                ...SILENT,
                create: "make ready",
                triggers: ["203.0.113.7"],
                connection: secret({
                    host: "203.0.113.7",
                    port: 2222,
                    user: "admin",
                    hostKey: "ssh-ed25519 AAAA",
                    privateKey: "KEY",
                    dialErrorLimit: 10,
                    perDialTimeout: 15,
                }),
            },
        });
    });

    it.each([
        ["privateKey", {}, "cannot use the agent or an identityFile", "give privateKey, a secret"],
        ["hostKey", { trustOnFirstUse: true }, "does not run on a machine whose host key is not known", "give hostKey"],
        [
            "identityFile",
            { proxyJump: "gate" },
            "cannot go through proxyJump",
            "run the script in another way, or connect directly",
        ],
    ])("is refused over SSH without %s and with %j", (without, changes, problem, fix) => {
        const given = Object.entries({ ...ACCESS, ...changes }).filter(([name]) => name !== without);
        const options = { ...Object.fromEntries(given), setup: { create: "make ready" } } as unknown as SshOptions;
        expect(() => hosts.ssh(options)).toThrow(new InvalidArgument("hosts.ssh.setup", problem, fix));
    });
});

const ACCESS = { address: "203.0.113.7", hostKey: "ssh-ed25519 AAAA", privateKey: "KEY" };
