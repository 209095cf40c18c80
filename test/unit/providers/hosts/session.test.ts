import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fc from "fast-check";

import { programOnInput } from "../../../../providers/hosts/program.js";
import { Session, Sessions } from "../../../../providers/hosts/session.js";
import { serving } from "../../../lab/serving.js";

const SECONDS = 60;

/** @param command runs bash with the program on its standard input */
function open(main?: string, command = ["bash", "-s"]): Session {
    const [name = "", ...args] = command;
    const child = spawn(name, args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
    return new Session(child, name, programOnInput(serving(main)));
}

/** Any text that has a place in a bundle, and what looks like the end of an answer. */
const texts = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 200 }).map((text) => text.replaceAll("\0", "")),
    fc.constantFrom("", "\n", "\n@@ 0123456789abcdef 0\n", "@done\n", "no line break\n\n\nx", " \\t\\", "'\"$(exit)`"),
);
const requests = fc.array(fc.record({ text: texts, code: fc.nat(255) }), { minLength: 1, maxLength: 5 });
/** Prints the request on both outputs behind its first line, with which it ends. */
const ECHO =
    'read -r code; text=$(cat; echo x); text=${text%x}; printf %s "$text"; printf %s "$text" >&2; exit "$code"';

it("whatever is asked arrives whole, and is answered whole, with its own exit status", async () => {
    const session = open(ECHO);
    await fc.assert(
        fc.asyncProperty(requests, async (all) => {
            for (const { text, code } of all)
                expect(await session.ask(`${code}\n${text}`, SECONDS)).toEqual({
                    ...{ code, stdout: text, stderr: text },
                    ended: false,
                });
        }),
    );
    session.end();
});

it("an answer that comes byte by byte is the same", async () => {
    const slow = "exec 2> >(exec dd bs=1 status=none >&2); bash -s | dd bs=1 status=none";
    const session = open(ECHO, ["bash", "-c", slow]);
    for (const text of ["@done\n", "x".repeat(100)])
        expect(await session.ask(`7\n${text}`, SECONDS)).toMatchObject({ code: 7, stdout: text, stderr: text });
    session.end();
});

it("a long request is passed on whole", async () => {
    const session = open("sha256sum");
    const text = "0123456789abcde\n".repeat(200_000);
    const { stdout } = await session.ask(text, SECONDS);
    expect(stdout).toBe(`${createHash("sha256").update(text).digest("hex")}  -\n`);
    session.end();
});

it("a process that ends instead of answering says how, and what it printed", async () => {
    const session = open("echo before; echo why >&2; kill -KILL $$");
    expect(await session.ask("", SECONDS)).toEqual({ code: null, stdout: "before\n", stderr: "why\n", ended: true });
    expect(session.isOpen).toBe(false);
});

it("a request that takes too long ends its session; the next one gets another", async () => {
    let opened = 0;
    const sessions = new Sessions(() => Promise.resolve((opened++, open())));
    const ask = (request: string, seconds: number): Promise<string> =>
        sessions.ask(request, seconds, ({ stdout }, isFirst) => `${isFirst} ${stdout}`);
    await expect(ask("exec sleep 600", 0.2)).rejects.toThrow("bash: did not end within 0.2 s; check what the machine");
    expect([await ask("echo one", SECONDS), await ask("echo two", SECONDS)]).toEqual(["true one\n", "false two\n"]);
    expect(opened).toBe(2);
    sessions.close();
});

it("the time that a request may take does not count before its program has started", async () => {
    const child = spawn("bash", ["-c", "read -rt 0.5 <> <(:); echo started; exec bash -s"], { detached: true });
    const session = new Session(child, "bash", programOnInput(serving()), false);
    expect(await session.ask("echo done", 0.4)).toMatchObject({ code: 0, stdout: "started\ndone\n" });
    session.end();
});

it("a program that is not there is an error that names it", async () => {
    const child = spawn("no-such-program", { stdio: ["pipe", "pipe", "pipe"] });
    const session = new Session(child, "no-such-program", "");
    await expect(session.ask("", SECONDS)).rejects.toThrow(
        "this machine: no-such-program cannot be run (spawn no-such-program ENOENT); install no-such-program",
    );
});

it("requests that come at the same time are answered one after the other, in their order, also behind one that fails", async () => {
    const sessions = new Sessions(() => Promise.resolve(open("cat")));
    const order: string[] = [];
    const all = ["one", "two", "three"].map((text) =>
        sessions.ask(text, SECONDS, ({ stdout }) => {
            order.push(stdout);
            if (stdout === "two") throw new Error("refused");
        }),
    );
    expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(order).toEqual(["one", "two", "three"]);
    sessions.close();
});
