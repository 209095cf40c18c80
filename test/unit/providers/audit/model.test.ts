/** Whatever is done to a log, in whatever order: what one command wrote, every other one reads. */
import fs from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import type { Checkpoint, RecordMark } from "../../../../core/audit/record.js";
import { AuditLog, type AuditRef } from "../../../../providers/audit/log.js";
import { rotateKey } from "../../../../providers/audit/rotateKey.js";
import { verifyFile } from "../../../../providers/audit/verifyFile.js";
import { run } from "../../cli/run.js";
import { scratchProject } from "./scratch.js";

const scratch = scratchProject();
const SEQUENCES = process.env["SLOW"] === "1" ? 1_000 : 50;

/** What the log must hold. */
interface Model {
    notes: string[];
    /** Bytes of an interrupted write are at its end. */
    torn: boolean;
    begun: boolean;
}

/** What there is. */
class Real {
    ref: AuditRef = { path: "audit/dev.jsonl", project: "shop", stack: "dev", segmentBytes: 4_000 };
    marks: RecordMark[] = [];
    checkpoints: Checkpoint[] = [];
    readonly retired: string[] = [];
    private number = 0;

    next(): number {
        return (this.number += 1);
    }

    open(): Promise<AuditLog> {
        return AuditLog.open(this.ref);
    }

    files(): string[] {
        const name = this.ref.path.slice("audit/".length);
        return fs.readdirSync("audit").filter((file) => file === name || file.startsWith(`${name}.0`));
    }

    bytes(): Buffer {
        const [active, ...closed] = this.files().map((file) => fs.readFileSync(join("audit", file)));
        return Buffer.concat([...closed, active!]);
    }

    async fine(...args: string[]): Promise<string> {
        const { code, stdout, stderr } = await run("audit", ...args);
        if (code !== 0) throw new Error(`audit ${args.join(" ")} ended with ${code}: ${stderr}`);
        return stdout;
    }

    async refused(message: RegExp, ...args: string[]): Promise<void> {
        const { code, stderr } = await run("audit", ...args);
        expect(code).not.toBe(0);
        expect(stderr).toMatch(message);
    }
}

/** After each command: every record is there, every anchor holds, every signature is right. */
async function holds(model: Model, real: Real): Promise<void> {
    if (!model.begun) return;
    const { marks, checkpoints, ref } = real;
    const { tornBytes } = await verifyFile(ref.path, { mode: "full", marks, checkpoints, tail: "ignore" });
    expect(tornBytes > 0).toBe(model.torn);
    const notes: string[] = [];
    for await (const { action, message } of (await real.open()).entries("oldest"))
        if (action === "log_note") notes.push(message);
    expect(notes).toEqual(model.notes);
    if (model.torn) await real.refused(/run `pulumi up`: it moves them aside/, "verify", ref.path);
    else await real.fine("verify", ref.path);
}

type Do = (model: Model, real: Real) => Promise<void>;

class Step implements fc.AsyncCommand<Model, Real> {
    constructor(
        private readonly name: string,
        private readonly can: (model: Readonly<Model>) => boolean,
        private readonly body: Do,
    ) {}

    check(model: Readonly<Model>): boolean {
        return this.can(model);
    }

    async run(model: Model, real: Real): Promise<void> {
        await this.body(model, real);
        await holds(model, real);
    }

    toString(): string {
        return this.name;
    }
}

const whole = ({ begun, torn }: Model): boolean => begun && !torn;
const step = (name: string, can: (model: Readonly<Model>) => boolean, body: Do): Step => new Step(name, can, body);
const written = (model: Model): void => {
    model.begun = true;
    model.torn = false;
};

const append = fc.string({ unit: "binary", maxLength: 30 }).map((text) =>
    step(
        `append ${JSON.stringify(text)}`,
        () => true,
        async (model, real) => {
            const message = `note ${real.next()}`;
            real.marks.push(
                await (await real.open()).append({ action: "log_note", message, details: { text, [text]: text } }),
            );
            model.notes.push(message);
            written(model);
        },
    ),
);

const fail = step(
    "a failing operation",
    () => true,
    async (model, real) => {
        const operation = await (await real.open()).begin({ action: "peers_apply", message: "Apply" });
        real.marks.push(await operation.failure(new Error("refused\n\u001b[2J")));
        written(model);
    },
);

const large = step(
    "a record in parts",
    () => true,
    async (model, real) => {
        const rules = Array.from({ length: 3_000 }, (_, n) => `10.8.0.${n} -> 10.8.0.1 tcp/${n} ${"x".repeat(60)}`);
        const log = await real.open();
        real.marks.push(
            await log.append({ action: "grants_apply", message: "large", details: { relay: "hub", rules } }),
        );
        const details = await log.findDetails(({ action }) => action === "grants_apply");
        expect(details?.["rules"]).toEqual(rules);
        written(model);
    },
);

const rotate = step("rotate-key", whole, async (_model, real) => {
    const { backup } = await rotateKey(real.ref);
    real.retired.push(backup!);
});

const rotateBack = step("rotate-key to a key of before", whole, async (_model, real) => {
    const [old] = real.retired;
    if (old === undefined) return;
    const before = real.bytes();
    await real.refused(
        /a retired key cannot be used again/,
        "rotate-key",
        real.ref.path,
        "--to",
        `file:${fs.realpathSync(old)}`,
    );
    expect(real.bytes().equals(before)).toBe(true);
});

const kill = fc.double({ min: 0.001, max: 0.999, noNaN: true }).map((part) =>
    step(`a write killed after ${part}`, whole, async (model, real) => {
        const bytes = fs.readFileSync(real.ref.path);
        const line = bytes.subarray(0, bytes.indexOf("\n"));
        fs.appendFileSync(real.ref.path, line.subarray(0, Math.max(1, Math.floor(part * line.length))));
        model.torn = true;
        return Promise.resolve();
    }),
);

const checkpoint = step("checkpoint", whole, async (_model, real) => {
    real.checkpoints.push(await (await real.open()).checkpoint());
});

const push = step(
    "push",
    ({ begun }) => begun,
    async (_model, real) => {
        await real.fine("push", real.ref.path, "--to", "mirror.jsonl");
        await real.fine("verify", "mirror.jsonl");
    },
);

const pull = step("push, lose the log, pull", whole, async (_model, real) => {
    await real.fine("push", real.ref.path, "--to", "mirror.jsonl");
    const before = real.bytes();
    for (const file of real.files()) fs.rmSync(join("audit", file));
    await real.fine("pull", real.ref.path, "--from", "mirror.jsonl");
    expect(fs.readFileSync(real.ref.path).equals(before)).toBe(true);
});

const garble = fc.nat(1_000_000).map((at) =>
    step(
        `change byte ${at} of the mirror`,
        ({ begun }) => begun,
        async (_model, real) => {
            await real.fine("push", real.ref.path, "--to", "mirror.jsonl");
            const mirror = fs.readFileSync("mirror.jsonl");
            mirror[at % mirror.length]! ^= 1;
            fs.writeFileSync("mirror.jsonl", mirror);
            await real.refused(/its mirror has different records/, "push", real.ref.path, "--to", "mirror.jsonl");
            const pulled = await run("audit", "pull", "restored.jsonl", "--from", "mirror.jsonl");
            // Only a newline that is no more leaves a beginning behind it, as after an interrupted write.
            if (pulled.code === 0) expect(real.bytes().indexOf(fs.readFileSync("restored.jsonl"))).toBe(0);
            fs.rmSync("mirror.jsonl");
            fs.rmSync("restored.jsonl", { force: true });
        },
    ),
);

const stale = fc.double({ min: 0, max: 1, noNaN: true }).map((part) =>
    step(`an older copy, ${part}`, whole, async (_model, real) => {
        const bytes = real.bytes();
        const pinned = await (await real.open()).checkpoint();
        const end = bytes.lastIndexOf("\n", Math.floor(part * (bytes.length - 2))) + 1;
        if (end === 0) return;
        fs.writeFileSync("stale.jsonl", bytes.subarray(0, end));
        const pin = JSON.stringify(pinned);
        await real.refused(/it is missing: the log ends after \d+ lines/, "verify", "stale.jsonl", "--checkpoint", pin);
        fs.writeFileSync("whole.jsonl", bytes);
        await real.refused(
            /its mirror has \d+: the log was truncated, or is an older copy/,
            "push",
            "stale.jsonl",
            "--to",
            "whole.jsonl",
        );
    }),
);

const rename = step("rename the files", whole, (_model, real) => {
    const to = `log${real.next()}.jsonl`;
    const from = real.ref.path.slice("audit/".length);
    for (const file of real.files()) fs.renameSync(join("audit", file), join("audit", to + file.slice(from.length)));
    real.ref = { ...real.ref, path: `audit/${to}` };
    return Promise.resolve();
});

const restart = step("lose the log for good", whole, async (model, real) => {
    const genesis = (await (await real.open()).status())!.genesis;
    for (const file of real.files()) fs.rmSync(join("audit", file));
    fs.rmSync("mirror.jsonl", { force: true });
    [real.marks, real.checkpoints, model.notes] = [[], [], []];
    // Only the log knew which keys were retired.
    real.retired.length = 0;
    real.ref = { ...real.ref, restartFrom: genesis };
    real.marks.push(await (await real.open()).append({ action: "peers_apply", message: "again" }));
    expect((await (await real.open()).status())?.restartedFrom).toBe(genesis);
});

const read = step("every reader", whole, async (_model, real) => {
    const { path } = real.ref;
    await real.fine("show", path);
    for (const format of ["cps-json", "csv", "ocsf", "cef"]) await real.fine("export", "--format", format, path);
    const { note, size } = await (await real.open()).checkpoint();
    fs.writeFileSync("note", note);
    const key = (await (await real.open()).sealed())!.publicKey;
    for (const sequence of new Set([0, size >> 1, size - 1])) {
        fs.writeFileSync("proof", await real.fine("prove", path, String(sequence), "--checkpoint", "note"));
        await real.fine("check-proof", "proof", "--key", key);
    }
    await real.fine("note", path, "--checkpoint", "note");
});

test("no command refuses what another one wrote", async () => {
    const commands = fc.commands(
        [
            append,
            append,
            kill,
            garble,
            stale,
            ...[fail, large, rotate, rotateBack, checkpoint, push, pull, rename, restart, read].map((each) =>
                fc.constant(each),
            ),
        ],
        { maxCommands: 14 },
    );
    let folder = 0;
    await fc.assert(
        fc.asyncProperty(commands, async (each) => {
            const here = join(scratch.folder, `run-${(folder += 1)}`);
            fs.mkdirSync(join(here, "audit"), { recursive: true });
            fs.writeFileSync(join(here, "Pulumi.yaml"), "name: shop\n");
            process.chdir(here);
            process.env["XDG_CONFIG_HOME"] = join(here, "config");
            const setup = () => ({ model: { notes: [], torn: false, begun: false } as Model, real: new Real() });
            await fc.asyncModelRun(setup, each);
            process.chdir(scratch.folder);
            fs.rmSync(here, { recursive: true });
        }),
        { numRuns: SEQUENCES },
    );
}, 3_600_000);
