import { readFileSync } from "node:fs";

import { noteOrigin, parseNote } from "../../../../core/audit/note.js";
import { verifyConsistency } from "../../../../core/audit/proof.js";
import type { Offer } from "../../../../core/offers/index.js";
import { nativePrimitives } from "../../../../providers/audit/primitives.js";
import { entry, makeLog } from "../../core/audit/logs.js";
import { birch, BIRCH_KEY, offerOf, ORIGIN } from "../audit/twoLogs.js";
import { forgetSeeds, proofFiles } from "../audit/proofFiles.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { story } from "../story.js";

const scratch = scratchFolder();
const log = story();
const KEY = Buffer.alloc(32, "editor").toString("base64");
let file: string;
beforeEach(() => ({ file } = proofFiles(scratch, log)));
afterEach(forgetSeeds);

const content = {
    format: "qp-tunnel-offer/1",
    from: "alder",
    peers: [{ name: "archive", publicKey: KEY }],
    wants: [{ from: "archive", to: "nas", ports: ["tcp/22"] }],
};

function state(outputs: object): string {
    const root = { urn: "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev", type: "pulumi:pulumi:Stack", outputs };
    return scratch.write("state.json", JSON.stringify({ version: 3, deployment: { resources: [root] } }));
}

const offer = (...more: string[]) =>
    run("offer", "--state", state({ offer: { ...content, log: { note: log.checkpoint.note } } }), ...more);
const made = (text: string): Offer => JSON.parse(text) as Offer;

/** The story when it had so many records. */
function earlier(size: number) {
    return makeLog(log.lines.slice(1, size).map(({ capsule: _, ...each }) => each));
}

const recipient = (observed: object[]): string =>
    scratch.write("birch.json", JSON.stringify({ format: "qp-tunnel-offer/1", from: "birch", peers: [], observed }));

test("without the log it is the stack's output, in one form", async () => {
    const { code, stdout, stderr } = await offer();
    expect([code, stderr]).toEqual([0, ""]);
    expect(made(stdout)).toEqual({ ...content, log: { note: log.checkpoint.note }, observed: [] });
    expect((await offer("-o", scratch.path + "/alder.json")).stdout).toBe("");
    expect(readFileSync(`${scratch.path}/alder.json`, "utf8")).toBe(stdout);
});

test("with the log it proves that this extends what the recipient has recorded, and says what this log has recorded", async () => {
    const request = scratch.write("request", offerOf(birch(5)));
    await run("audit", "observe", file, request, "--key", BIRCH_KEY, "--signing-key", "env:SEED");
    const { root } = earlier(9).checkpoint;
    const seen = recipient([{ origin: noteOrigin(log.log), size: 9, root }]);
    const { code, stdout, stderr } = await offer(file, "--for", seen);
    expect([code, stderr]).toEqual([0, ""]);
    const { log: said, observed } = made(stdout);
    expect(observed).toEqual([{ origin: ORIGIN, size: 5, root: birch(5).checkpoint.root }]);
    expect(said?.since).toBe(9);
    const { size, root: second } = parseNote(said!.note);
    const claim = {
        first: { size: 9, root: Buffer.from(root, "base64") },
        second: { size, root: Buffer.from(second, "base64") },
        path: said!.path!.map((hash) => Buffer.from(hash, "base64")),
    };
    expect(verifyConsistency(claim, nativePrimitives)).toBe(true);
    // The same without the recipient's file.
    expect((await offer(file, "--since", "9")).stdout).toBe(stdout);
    expect(made((await offer(file, "--for", recipient([]))).stdout).log).toEqual({ note: log.checkpoint.note });
    // A checkpoint that is signed now has the record of the other log in it.
    const newest = made((await offer(file, "--for", seen, "--signing-key", "env:SEED")).stdout);
    expect(parseNote(newest.log!.note).size).toBe(15);
});

test("a recipient that has recorded a different history of the log is named", async () => {
    const forked = recipient([{ origin: noteOrigin(log.log), size: 9, root: birch(9).checkpoint.root }]);
    const different = await offer(file, "--for", forked);
    expect([different.code, different.stderr]).toEqual([
        1,
        expect.stringContaining(
            "birch has recorded a different history of its first 9 records; compare the notes: the log was changed, or its key is in other hands",
        ),
    ]);
    const longer = recipient([{ origin: noteOrigin(log.log), size: 90, root: birch(9).checkpoint.root }]);
    expect((await offer(file, "--for", longer)).stderr).toContain(
        "birch has recorded 90 records of it, and the checkpoint has 14; run pulumi refresh",
    );
});

test("a log that is not the one of the offer's checkpoint is refused", async () => {
    const other = scratch.write("other.jsonl", makeLog([entry(1)]).bytes);
    expect((await offer(other)).code).toBe(1);
});

test.each<[string, object, string[], string]>([
    [
        "an output that is not there",
        {},
        [],
        "the stack has no output offer; export it in the program as `offer`, and run pulumi up",
    ],
    ["an output of another name", { mine: content }, ["--name", "yours"], "the stack has no output yours"],
    [
        "a secret",
        { offer: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:" } },
        [],
        "the output offer is a secret",
    ],
    ["what is no offer", { offer: { from: "alder" } }, [], "peers: is missing; give a list"],
    [
        "an offer without a checkpoint, for a log",
        { offer: content },
        ["LOG"],
        "it has no checkpoint; give makeOffer the relay's `checkpoint`",
    ],
    ["a proof without a log", { offer: content }, ["--since", "3"], "--since: has no effect without the log"],
    [
        "a size that is none",
        { offer: { ...content, log: { note: log.checkpoint.note } } },
        ["LOG", "--since", "x"],
        "--since: x is not a number of records",
    ],
    [
        "a size beyond the log",
        { offer: { ...content, log: { note: log.checkpoint.note } } },
        ["LOG", "--since", "99"],
        "the checkpoint has 14 records, and it is to extend 99",
    ],
    [
        "a recipient that is not there",
        { offer: content },
        ["--for", "/nowhere/birch.json"],
        "--for /nowhere/birch.json: there is no such file",
    ],
])("refuses %s", async (_what, outputs, words, message) => {
    const args = words.map((word) => (word === "LOG" ? file : word));
    const { code, stdout, stderr } = await run("offer", "--state", state(outputs), ...args);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(message)]);
});
