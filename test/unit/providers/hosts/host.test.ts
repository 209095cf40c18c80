import { parseBundle } from "../../../../core/protocol/bundle.js";
import * as connections from "../../../../providers/hosts/connection.js";
import {
    claimantOf,
    RelayChanged,
    relayValues,
    runStep,
    stepFiles,
    type Target,
} from "../../../../providers/hosts/host.js";

const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
const TARGET: Target = {
    host: { kind: "local", namespace: "try" },
    names: { appName: "corp", interface: "wg0" },
    owner: "shop/dev/hub",
    relayId: "ab12",
    claim: { resource: "g1", owner: "shop/dev/office", relayId: "ab11" },
};

/** What a connection was given, when it answers this. */
function answering(stdout: string, stderr = "", code: number | null = 1): { input: string; options: unknown } {
    const given = { input: "", options: undefined as unknown };
    const ask = (input: string, options: unknown) => {
        Object.assign(given, { input, options });
        return Promise.resolve({ code, stdout, stderr });
    };
    jest.spyOn(connections, "connectionTo").mockReturnValue({ remote: false, ask, stream: jest.fn() });
    return given;
}

const failing = (stdout: string, stderr = "", code: number | null = 1): Promise<string> => {
    answering(stdout, stderr, code);
    return runStep(TARGET, "grants", {}).then(
        () => "done",
        (error: Error) => error.message,
    );
};

describe("a step", () => {
    it("sends the manifest, then the files", async () => {
        const given = answering("@done\n");
        const options = { newConnection: true, timeout: 5 };
        await runStep(TARGET, "grants", { table: "corp_wg0", auditMark: "m" }, { elements: "a\nb\n" }, options);
        expect(given.options).toEqual(options);
        expect(given.input.startsWith(`@manifest\n step\tgrants\n`)).toBe(true);
        expect(parseBundle(given.input)).toEqual({
            manifest: [
                ...["step\tgrants", "name\tcorp-wg0", "etc\t/etc/corp-wg0.try", "run\t/run/corp-wg0.try"],
                ...["owner\tshop/dev/hub", "relayId\tab12", "interface\twg0", "namespace\ttry"],
                ...["id\tg1", "formerOwner\tshop/dev/office", "formerRelayId\tab11"],
                ...["table\tcorp_wg0", "auditMark\tm", ""],
            ].join("\n"),
            elements: "a\nb\n",
        });
    });

    it("answers its files, without what a login shell prints before", async () => {
        answering("Welcome!\n@nft\n {}\n@generation\n 8\n@done\n");
        expect(await runStep(TARGET, "grants", {})).toEqual({ nft: "{}\n", generation: "8\n", done: "" });
    });

    it("that finds the relay changed says which generation it has", async () => {
        answering("@stale\n 9\n");
        const error = await runStep(TARGET, "grants", {}).catch((each: unknown) => each);
        expect(error).toBeInstanceOf(RelayChanged);
        expect(error).toMatchObject({ generation: 9 });
        expect((error as Error).message).toBe(
            "namespace try of this machine: another program changed the relay in the meantime (generation 9); apply again",
        );
    });
});

describe("a step that failed", () => {
    it("says what the program refuses, in its own words", async () => {
        expect(await failing("@nft\n {}\n@refused\n the table is foreign\n use another name\n")).toBe(
            "namespace try of this machine: the table is foreign; use another name",
        );
    });

    it("says at which command, and the last three lines that were printed, without keys", async () => {
        const stderr = `one\ntwo\nKey is not the correct length: ${KEY}\nfour\n`;
        expect(await failing("@error\n line 7 of the relay program\n 5.2\n", stderr)).toBe(
            "namespace try of this machine: step grants failed at line 7 of the relay program: " +
                "two; Key is not the correct length: [key]; four; " +
                "fix the reported problem and apply again; no access was opened",
        );
    });

    it.each([
        [127, "exit code 127"],
        [null, "exit code none"],
    ])("without a word has its exit code (%s)", async (code, said) => {
        expect(await failing("", "", code)).toBe(
            `namespace try of this machine: step grants failed (${said}); fix the reported problem and apply again; no access was opened`,
        );
    });

    it.each([
        [
            "sync: error writing '/etc/corp-wg0/peers': No space left on device",
            "step grants failed: no space is left for /etc/corp-wg0/peers (or no inode); free some space (`df -h`, `df -i`) and apply again; no access was opened",
        ],
        [
            "cat: write error: No space left on device",
            "step grants failed: no space is left below /etc or /run (or no inode); free some space (`df -h`, `df -i`) and apply again; no access was opened",
        ],
        [
            "/dev/fd/63: line 3: /etc/corp-wg0/owner.new: Read-only file system",
            "step grants failed: /etc/corp-wg0/owner.new is on a read-only file system; find out why (`dmesg` says when a disk failed), remount it writable and apply again; no access was opened",
        ],
        [
            "/dev/fd/62: line 12: /etc/corp-wg0/peers.new: No space left on device",
            "step grants failed: no space is left for /etc/corp-wg0/peers.new (or no inode); free some space (`df -h`, `df -i`) and apply again; no access was opened",
        ],
        [
            "line 3: /etc/corp-wg0/owner.new: Read-only file system",
            "step grants failed: /etc/corp-wg0/owner.new is on a read-only file system; find out why (`dmesg` says when a disk failed), remount it writable and apply again; no access was opened",
        ],
    ])("because of the disk says so (%s)", async (stderr, message) => {
        expect(await failing("", `${stderr}\n`)).toBe(`namespace try of this machine: ${message}`);
    });
});

it("a relay is called the same wherever it runs, and apart from those of other namespaces", () => {
    const here: Target = { ...TARGET, host: { kind: "local" } };
    expect(relayValues(here)).toMatchObject({ name: "corp-wg0", etc: "/etc/corp-wg0", run: "/run/corp-wg0" });
    expect(relayValues(TARGET)).toMatchObject({ name: "corp-wg0", etc: "/etc/corp-wg0.try", run: "/run/corp-wg0.try" });
    expect(relayValues(here).namespace).toBeUndefined();
});

it("a manifest comes first, and says nothing of what is not known", () => {
    const files = stepFiles("read", { what: "grants", record: undefined, etc: "/etc/x" }, {});
    expect(Object.entries(files)).toEqual([["manifest", "step\tread\nwhat\tgrants\netc\t/etc/x\n"]]);
});

it("the program that asks is known by every name and id, current ones and those of the state", () => {
    expect(claimantOf(TARGET)).toEqual({
        labels: ["shop/dev/hub", "shop/dev/office"],
        relayIds: ["ab12", "ab11"],
        resource: "g1",
    });
    expect(claimantOf({ host: { kind: "local" }, names: TARGET.names, owner: "a/b/c" })).toEqual({
        labels: ["a/b/c"],
        relayIds: [],
        resource: undefined,
    });
});
