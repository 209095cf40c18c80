import { HostUnreachable } from "../../../../../core/errors.js";
import { facts } from "../../../../../core/protocol/facts.js";
import type { Step } from "../../../../../core/protocol/steps.js";
import type { SshHost } from "../../../../../providers/hosts/descriptors.js";
import type { Target } from "../../../../../providers/hosts/host.js";
import { HostKeyMismatch } from "../../../../../providers/hosts/sshLog.js";
import { hostKey } from "../../../../../providers/resources/keys/hostKey.js";
import { type Context, type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";

/** What the machine shows and is; what was asked of it, with which key pinned. */
let shown: string;
let instance: string;
let asked: string[];
let obstacles: Error[];
/** The record under which the relay on it was changed last. */
let mark: string | undefined;

jest.mock("../../../../../providers/hosts/host.js", () => ({
    ...jest.requireActual<object>("../../../../../providers/hosts/host.js"),
    runStep: async ({ host }: Target, step: Step, values: Properties, files: Record<string, string> = {}) => {
        const pinned = (host as SshHost).hostKey ?? "";
        asked.push(`${step} ${pinned}`);
        const obstacle = obstacles.shift();
        if (obstacle !== undefined) throw obstacle;
        if (pinned !== shown)
            throw new HostKeyMismatch("root@203.0.113.5", "the machine shows another key", "find out");
        if (step === "hostkey" && values["instance"] !== instance) return { other: `${instance}\n`, done: "" };
        if (step === "hostkey") shown = files["public"]!.trim();
        return {
            done: "",
            ...(step === "facts" && mark !== undefined ? { facts: facts.render({ auditMark: mark }) } : {}),
        };
    },
}));
jest.mock("../../../../../providers/resources/relay/verify.js", () => ({
    ...jest.requireActual<object>("../../../../../providers/resources/relay/verify.js"),
    verifyRecord: async () => undefined,
}));
jest.mock("../../../../../providers/resources/relay/underAudit.js", () => ({
    underAudit: async (_: unknown, __: unknown, ___: unknown, body: (operation: object) => Promise<unknown>) => ({
        result: await body({ success: async () => undefined }),
        record: { sequence: 1, hash: "h", offset: 0 },
    }),
}));

const said: string[] = [];
const applying = {
    preview: false,
    refreshing: false,
    urn: "urn:key",
    signal: new AbortController().signal,
    log: (_severity: string, message: string) => said.push(message),
} as unknown as Context;

beforeEach(() => {
    [shown, instance, asked, obstacles, mark] = ["boot", "1", [], [], undefined];
});

function inputsOf(id: unknown, publicKey: unknown = "final", boot = "boot"): Properties {
    const host = { kind: "ssh", address: "203.0.113.5", port: 22, user: "root", sudo: false, packages: "install" };
    return {
        relay: "hub",
        appName: "qp-tunnel",
        interface: "wg0",
        audit: { path: "audit.jsonl", project: "lab", stack: "dev" },
        credentials: "LOGIN",
        host: { ...host, hostKey: boot, instance: { provider: "digitalocean", id } },
        publicKey,
        privateKey: "PRIVATE",
    };
}

const done = { hostKey: "final", instance: "1", record: { sequence: 1, hash: "h", offset: 0 } };

describe("HostKey", () => {
    it("replaces the key that the machine booted with, and asks over a new connection", async () => {
        const { outputs } = await hostKey.create(inputsOf("1"), applying);
        expect(outputs).toStrictEqual(done);
        expect(asked).toStrictEqual(["hostkey boot", "facts final"]);
    });

    it("waits for a machine that is not there yet", async () => {
        obstacles = [new HostUnreachable("root@203.0.113.5", "it cannot be reached", "check")];
        await hostKey.create(inputsOf("1"), applying);
        expect(asked).toStrictEqual(["hostkey boot", "hostkey boot", "facts final"]);
    });

    it("finds its key in place after an interruption", async () => {
        shown = "final";
        await hostKey.create(inputsOf("1"), applying);
        expect(asked).toStrictEqual(["hostkey boot", "hostkey final", "facts final"]);
    });

    it("does not believe anybody else, and does not wait for them", async () => {
        shown = "stranger";
        await expect(hostKey.create(inputsOf("1"), applying)).rejects.toThrow("the machine shows another key");
        expect(asked).toStrictEqual(["hostkey boot", "hostkey final"]);
    });

    it("does not believe the boot key again when it alone is replaced", async () => {
        await expect(hostKey.create({ ...inputsOf("1"), kept: done }, applying)).rejects.toThrow(
            "the machine shows another key",
        );
        expect(asked).toStrictEqual(["facts final", "hostkey final"]);
    });

    it("writes nothing when the log lacks the record that the machine bears", async () => {
        [shown, mark] = ["final", `7 ${"0".repeat(64)} 900`];
        const audit = { path: "/nonexistent/dev.jsonl", project: "lab", stack: "dev" };
        const old = { ...inputsOf("3"), audit };
        await expect(hostKey.update("id", old, done, { ...inputsOf("3", "next"), audit }, applying)).rejects.toThrow(
            /^line 8 of \/nonexistent\/dev\.jsonl: .*the relay's last change is record 7 of its log/,
        );
        expect(asked).toStrictEqual(["facts final"]);
    });

    it("gives another machine the same key, and a machine that has one its next one", async () => {
        instance = "2";
        await hostKey.update("id", inputsOf("1"), done, inputsOf("2", "final", "boot"), applying);
        // The machine that goes is asked first, for its mark; here it has gone already.
        expect(asked).toStrictEqual(["facts final", "hostkey boot", "facts final"]);
        asked = [];
        await hostKey.update("id", inputsOf("2"), done, inputsOf("2", "next"), applying);
        expect(asked).toStrictEqual(["facts final", "hostkey final", "facts next"]);
    });

    it("gives up on a machine that is another one than was made once it is cancelled", async () => {
        instance = "0";
        const signal = AbortSignal.abort();
        await expect(hostKey.create(inputsOf("1"), { ...applying, signal })).rejects.toThrow(
            "the wait for the machine: was cancelled; apply again",
        );
        expect(asked).toStrictEqual(["hostkey boot"]);
    });

    it.each([
        ["nothing", inputsOf("1"), {}],
        ["the machine", inputsOf("2"), { host: "update" }],
        ["a machine that is not known yet", inputsOf(UNKNOWN), { host: "update" }],
        ["the key", inputsOf("1", "next"), { publicKey: "update" }],
        ["the boot key alone", inputsOf("1", "final", "other"), {}],
    ])("sees a change of %s", async (_, news, changes) => {
        expect(await hostKey.diff("id", inputsOf("1"), done, news, applying)).toStrictEqual({ changes });
    });

    it("says in a preview what it will do, and which key will be pinned", async () => {
        const sentence =
            "hub: the SSH host key in the machine's user-data is used for one connection, which replaces it";
        said.length = 0;
        const { outputs } = await hostKey.create(inputsOf(UNKNOWN), { ...applying, preview: true });
        expect(outputs).toStrictEqual({ hostKey: "final", record: UNKNOWN, plan: [sentence] });
        expect(said).toStrictEqual([sentence]);
        expect(asked).toStrictEqual([]);
    });
});
