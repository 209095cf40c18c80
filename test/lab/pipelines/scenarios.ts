import type { PipelineOutcome } from "./machine.js";
import type { Pipelines } from "./pipelines.js";
import type { Edit, Repository } from "./repository.js";

/** An example's pipelines with all that they work on: a repository, an engine and a relay, real or doubled. */
export interface Bench {
    repository: Repository;
    pipelines: Pipelines;
    /** Records of the log, where it stays. */
    records(): string[];
    /** Fails unless the log is whole and holds what the state pins. */
    verify(): Promise<void>;
    /** Lets updates fail until it is called. */
    breakUpdates(): () => void;
    /** Changes the relay by hand; what changes it back. */
    drift(): Promise<() => Promise<void>>;
    /** Has the next update followed by another push: a script in a clone of main, which is committed and pushed. */
    pushAfterUpdate(script: string): void;
    /** Lets the log not be brought to the mirror until it is called. */
    breakMirror(): () => void;
    /** Brings a log to the mirror, as a person does. */
    repairMirror(log: string): Promise<void>;
    close(): void;
}

/** People with keys of their own, each with a place in peers.yaml where a merge has no conflict. */
const KEYS: Record<string, string> = {
    bob: "fzthpInSl0nxFM2+GS5li0cE9l+BA9wFvWwfcn1BvkU=",
    carol: "U4QgI06rjMV0OFC/Jaif3RTGmuTRdEpL8M19WLkXcDY=",
    dora: "zL7Wo474IqOWVHfoY/8Z5a87wrZy8Ua6dEhExEAyg30=",
    erik: "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
};

/** Adds a peer in front of another one, or at the end. */
const adding = (name: string, before?: string): Edit => {
    const entry = `  - name: ${name}\n    publicKey: ${KEYS[name]}\n`;
    const place = before === undefined ? /(?=\ngroups:)/ : new RegExp(`(?=^ {2}- name: ${before}\\b)`, "m");
    return (text) => text.replace(place, entry);
};

/** Also in a group, so that an update changes the firewall. */
const withErik: Edit = (text) => adding("erik", "alice")(text).replace("everyone: [", "everyone: [erik, ");
const withoutErik: Edit = (text) => text.replace(/ {2}- name: erik\n.*\n/, "").replace("erik, ", "");

/**
 * What pipelines of a relay have to stand: two pull requests at once, a stale branch, failed updates, pushes that come in
 * between, drift. The tests follow one another on one bench.
 */
export function pipelineScenarios(open: () => Promise<Bench>): () => Bench {
    let bench: Bench;
    let stale: string;

    beforeAll(async () => {
        bench = await open();
    });

    afterAll(() => bench?.close());

    /** An update that must succeed, and only add to the log; what it printed. */
    async function applied(): Promise<string> {
        const before = bench.records();
        const outcome = await bench.pipelines.apply();
        expect(failures(outcome)).toBe("");
        expect(bench.records().slice(0, before.length)).toEqual(before);
        await bench.verify();
        return outcome.text;
    }

    it("applies main, and keeps the log; the log's own commit starts nothing", async () => {
        await applied();
        expect(bench.records().join("\n")).toContain("alice");
        const keptInGit = bench.repository.has("audit/prod.jsonl");
        expect(await bench.pipelines.startsUpdate()).toBe(!keptInGit);
        // A branch that will be reviewed much later, as the forge sees it now.
        bench.repository.branch("dora", "peers.yaml", adding("dora"));
        stale = bench.repository.mergeRef(3, "dora");
    });

    it("reviews two pull requests at once, and applies them merged in the other order", async () => {
        bench.repository.branch("bob", "peers.yaml", adding("bob", "alice"));
        bench.repository.branch("carol", "peers.yaml", adding("carol", "build"));
        expect(failures(await bench.pipelines.review(1, "bob"))).toBe("");
        expect(failures(await bench.pipelines.review(2, "carol"))).toBe("");
        expect(bench.pipelines.comments(1)).toEqual([expect.stringContaining("bob")]);
        expect(bench.pipelines.comments(2)).toEqual([expect.stringContaining("carol")]);
        expect(bench.pipelines.comments(1)[0]).not.toContain("carol");
        bench.repository.merge("carol");
        expect(await applied()).toContain("carol will be added");
        bench.repository.merge("bob");
        const second = await applied();
        expect(second).toContain("bob will be added");
        expect(second).not.toContain("carol will be");
    });

    it("reviews a stale branch as what merging it now would do, without the peers that came since", async () => {
        expect(failures(await bench.pipelines.review(3, "dora", stale))).toBe("");
        const [comment = ""] = bench.pipelines.comments(3);
        expect(comment).toContain("dora");
        expect(comment).not.toMatch(
            /\b(bob|carol)\b[^\n]*(will be|is cut off)|cut off[^\n]*\b(bob|carol)\b|older than the state/,
        );
    });

    it("fails a review by its gate, with the comment all the same, which the next one replaces", async () => {
        bench.repository.branch("wide", "index.ts", (text) => text.replace('["tcp/443"]', '["all"]'));
        const refused = await bench.pipelines.review(4, "wide");
        expect(results(refused)).toMatchObject({ preview: "failure", comment: "success" });
        expect(refused.text).toContain("all-ports: ");
        await bench.pipelines.review(4, "wide");
        expect(bench.pipelines.comments(4)).toHaveLength(1);
    });

    it("keeps the records of an update that failed, and goes on from them", async () => {
        const before = bench.records();
        bench.repository.commit("peers.yaml", withErik);
        const repair = bench.breakUpdates();
        const failed = await bench.pipelines.apply();
        repair();
        expect(failed.green).toBe(false);
        expect(bench.records().slice(0, before.length)).toEqual(before);
        expect(bench.records().slice(before.length).join("\n")).toContain('"status":"failure"');
        await bench.verify();
        await applied();
    });

    it("is green when there is nothing to apply, and keeps nothing", async () => {
        const before = bench.records();
        await applied();
        expect(bench.records()).toEqual(before);
    });

    it("opens one issue for drift, and closes it at its end", async () => {
        expect(failures(await bench.pipelines.drift())).toBe("");
        expect(bench.pipelines.issues()).toEqual([]);
        const repair = await bench.drift();
        await bench.pipelines.drift();
        await bench.pipelines.drift();
        expect(bench.pipelines.issues()).toMatchObject([{ state: "open", body: expect.stringContaining("    ") }]);
        await repair();
        expect(failures(await bench.pipelines.drift())).toBe("");
        expect(bench.pipelines.issues()).toMatchObject([{ state: "closed" }]);
    });

    return () => bench;
}

/** For a log in git: pushes that come in between. */
export function overtakenPushes(bench: () => Bench): void {
    it("loses no record when a push comes before the log's own", async () => {
        const { repository, pipelines, records, verify, pushAfterUpdate } = bench();
        const before = records();
        repository.commit("peers.yaml", withoutErik);
        pushAfterUpdate("echo; echo More. >> README.md");
        const outcome = await pipelines.apply();
        expect(failures(outcome)).toBe("");
        expect(records().length).toBeGreaterThan(before.length);
        expect(repository.show("README.md")).toContain("\nMore.\n");
        expect(repository.branches().filter((name) => name.startsWith("relay-log-"))).toEqual([]);
        await verify();
    });

    it("keeps the records on a branch when a push changed the log itself, and goes on once it is merged", async () => {
        const { repository, pipelines, records, verify, pushAfterUpdate } = bench();
        const before = records();
        repository.commit("peers.yaml", adding("dora"));
        pushAfterUpdate(`echo '{"someone": "else"}' >> audit/prod.jsonl`);
        const { green, text } = await pipelines.apply();
        expect([green, text]).toEqual([false, expect.stringMatching(/merge it, until then every update is refused/)]);
        const branch = repository.branches().find((name) => name.startsWith("relay-log-"))!;
        const kept = repository.show("audit/prod.jsonl", branch);
        expect(kept.startsWith(before.join("\n"))).toBe(true);
        // Until then every update refuses, and what refuses writes nothing.
        expect((await pipelines.apply()).green).toBe(false);
        repository.commit("audit/prod.jsonl", () => kept);
        expect((await pipelines.apply()).green).toBe(true);
        await verify();
    });
}

/** For a log on a mirror: one that cannot be written. */
export function missedMirror(bench: () => Bench): void {
    it("keeps the records as an artifact when the mirror cannot be written, and goes on once they are there", async () => {
        const { repository, pipelines, records, verify, breakMirror, repairMirror } = bench();
        const before = records();
        repository.commit("peers.yaml", withoutErik);
        const repair = breakMirror();
        const failed = await pipelines.apply();
        repair();
        expect(failed.green).toBe(false);
        expect(records()).toEqual(before);
        // The state pins what the mirror does not have: nothing is applied on top of a log with a gap.
        expect((await pipelines.apply()).green).toBe(false);
        await repairMirror(failed.artifacts.find("prod.jsonl"));
        expect(records().length).toBeGreaterThan(before.length);
        expect((await pipelines.apply()).green).toBe(true);
        await verify();
    });
}

/** What failed jobs printed; nothing when none failed. */
function failures({ jobs }: PipelineOutcome): string {
    const failed = Object.entries(jobs).filter(([, { result }]) => result === "failure");
    return failed.map(([name, { text }]) => `${name}:\n${text}`).join("\n");
}

function results({ jobs }: PipelineOutcome): Record<string, string> {
    return Object.fromEntries(Object.entries(jobs).map(([name, { result }]) => [name, result]));
}
