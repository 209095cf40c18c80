import { chmodSync } from "node:fs";
import { z } from "zod";

import { isRelay, isTunnel, parseExport, readStack, SEALED, stored, type StackResource } from "../../../cli/state.js";
import { scratchFolder } from "./scratch.js";

const scratch = scratchFolder();
const SIGN = "4dabf18193072939515e22adb298388d";
const secret = (more: object): object => ({ [SIGN]: "1b47061264138c4ac30d75fd1eb44270", ...more });
const resource = (types: string, name: string, more: object = {}): object => ({
    ...{ urn: `urn:pulumi:dev::shop::${types}::${name}`, type: types.split("$").at(-1) },
    ...more,
});
const exported = (...resources: object[]): string => JSON.stringify({ deployment: { resources } });
const LEAF = "qptunnel:index:Relay$qptunnel:index:ManagedPeer$qptunnel:index:WireGuard";
const STACK = exported(
    { urn: "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev", type: "pulumi:pulumi:Stack" },
    resource("qptunnel:index:Relay$qptunnel:index:WireGuard", "hub", {
        inputs: { relay: "hub" },
        outputs: { port: 1 },
    }),
    resource("qptunnel:index:Script", "carried"),
    resource(LEAF, "hub-nas"),
    resource("qptunnel:index:WireGuard", "old", { delete: true }),
    resource("other:index:WireGuard", "foreign"),
);

it("takes the resources of this library that are not about to be deleted, with who they belong to", () => {
    const resources = parseExport(STACK, "x");
    expect(resources[0]).toEqual({
        urn: "urn:pulumi:dev::shop::qptunnel:index:Relay$qptunnel:index:WireGuard::hub",
        ...{ kind: "WireGuard", parent: "Relay", name: "hub", project: "shop", stack: "dev" },
        ...{ inputs: { relay: "hub" }, outputs: { port: 1 } },
    });
    expect(resources.map(({ name, parent }) => [name, parent])).toEqual([
        ["hub", "Relay"],
        ["carried", ""],
        ["hub-nas", "ManagedPeer"],
    ]);
    expect(resources.map((each) => [isTunnel(each), isRelay(each)])).toEqual([
        [true, true],
        [true, true],
        [true, false],
    ]);
    expect(isTunnel({ kind: "Proxy" } as StackResource)).toBe(false);
});

it("a secret in clear is its value, also inside another one; an encrypted one is sealed", () => {
    const inner = JSON.stringify({ key: secret({ plaintext: '"x"' }) });
    const inputs = {
        a: secret({ plaintext: inner }),
        b: secret({ ciphertext: "v1:…" }),
        c: [secret({ plaintext: "7" })],
    };
    const [only] = parseExport(exported(resource("qptunnel:index:Seed", "hub", { inputs })), "x");
    expect(only?.inputs).toEqual({ a: { key: "x" }, b: SEALED, c: [7] });
});

it.each([
    ["{", "x: it is not JSON; write it with pulumi stack export --file state.json"],
    ["{}", "x: it is not an exported stack; write it with pulumi stack export --file state.json"],
    ['{"deployment":{"resources":[{"urn":7}]}}', "x: it is not an exported stack"],
])("%s is refused", (text, message) => {
    expect(() => parseExport(text, "x")).toThrow(message);
});

it("reads a file, which has to be there", async () => {
    const state = scratch.write("state.json", STACK);
    expect(await readStack({ state })).toHaveLength(3);
    await expect(readStack({ state: "none.json" })).rejects.toThrow(
        "--state none.json: there is no such file; write it with pulumi stack export --file state.json",
    );
});

describe("the engine", () => {
    const { PATH } = process.env;
    const engine = (script: string): void => {
        chmodSync(scratch.write("pulumi", `#!/bin/sh\n${script}\n`), 0o755);
        process.env["PATH"] = `${scratch.path}:${PATH}`;
    };
    const childProcess = jest.requireActual<typeof import("node:child_process")>("node:child_process");
    beforeEach(() => {
        // What a test sets in its environment reaches no other process.
        const { spawn } = childProcess;
        jest.spyOn(childProcess, "spawn").mockImplementation(((program: string, args: string[], options: object) =>
            spawn(program, args, { ...options, env: { ...process.env } })) as typeof spawn);
    });
    afterEach(() => {
        process.env["PATH"] = PATH;
    });

    it("exports the stack, with its secrets only where they are asked for", async () => {
        scratch.write("exported.json", STACK);
        engine(`echo "$*" >>${scratch.path}/asked; cat ${scratch.path}/exported.json`);
        expect(await readStack({})).toHaveLength(3);
        await readStack({ stack: "prod" }, { secrets: true });
        const asked = jest
            .requireActual<typeof import("node:fs")>("node:fs")
            .readFileSync(`${scratch.path}/asked`, "utf8");
        expect(asked.trim().split("\n")).toEqual([
            "stack export --non-interactive --color never",
            "stack export --non-interactive --color never --stack prod --show-secrets",
        ]);
    });

    it("says in its own words why it does not", async () => {
        engine("echo 'error: no stack selected' >&2; exit 1");
        await expect(readStack({})).rejects.toThrow(
            "pulumi stack export: no stack selected; run this in the project's folder with a stack selected, or add --stack or --state FILE",
        );
        engine("exit 3");
        await expect(readStack({})).rejects.toThrow("pulumi stack export: it exited with status 3");
    });
});

it("what is stored is checked, and damage is named by its resource", () => {
    expect(stored(z.array(z.string()), ["a"], "the peers", "urn:x", "the state")).toEqual(["a"]);
    expect(() => stored(z.array(z.string()), [SEALED], "the peers", "urn:x", "the state")).toThrow(
        "the state: the peers of urn:x is damaged; export the stack again",
    );
});
