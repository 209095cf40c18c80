import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { examineLogs, examineRelays, problemAndFix, relaysIn } from "../../../../cli/doctor/stack.js";
import { parseExport, type StackResource } from "../../../../cli/state.js";
import { HostUnreachable, TunnelError } from "../../../../core/errors.js";
import { SEED } from "../../core/audit/logs.js";
import { connect, Machine } from "../../providers/hosts/machine.js";
import { exported, story } from "../story.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();
const { marks, checkpoint, bytes, texts } = story();
const KEY = "DOCTOR_STACK_KEY";

function resources(host: object = { kind: "local" }, pins = [checkpoint]): StackResource[] {
    const audit = { path: join(scratch.path, "dev.jsonl"), project: "shop", stack: "dev", signingKey: `env:${KEY}` };
    const inputs = { appName: "corp", interface: "wg0", host, audit, addresses: [], authorities: {} };
    return parseExport(exported(marks, pins, { inputs, services: {}, registry: {} }), "x");
}
beforeEach(() => {
    mkdirSync(scratch.path, { recursive: true });
    writeFileSync(join(scratch.path, "dev.jsonl"), bytes);
    process.env[KEY] = SEED.toString("hex");
});
afterEach(() => {
    delete process.env[KEY];
});

describe("the log", () => {
    it("is whole, has what the state pins, and can be written here", async () => {
        expect(await examineLogs(resources())).toEqual([
            {
                name: "log",
                state: "ok",
                found: expect.stringMatching(
                    /dev\.jsonl: 14 records, intact, with everything that the state pins$/,
                ) as string,
            },
            { name: "signing key", state: "ok", found: `env:${KEY}` },
        ]);
    });

    it("that no state pins yet is a warning", async () => {
        expect(await examineLogs(resources({ kind: "local" }, []))).toEqual([
            { name: "log", state: "warn", found: "the state does not pin one yet", fix: "run `pulumi up`" },
        ]);
    });

    it.each<[string, () => void, RegExp]>([
        ["is not there", () => rmSync(join(scratch.path, "dev.jsonl")), /does not exist$/],
        ["was cut", () => writeFileSync(join(scratch.path, "dev.jsonl"), texts.slice(0, 5).join("")), /./],
        [
            "was changed",
            () => writeFileSync(join(scratch.path, "dev.jsonl"), bytes.toString().replace("alice", "malic")),
            /line \d+ of/,
        ],
    ])("that %s is a problem", async (_, spoil, found) => {
        spoil();
        const [log] = await examineLogs(resources());
        expect(log).toMatchObject({ name: "log", state: "problem", found: expect.stringMatching(found) as string });
    });

    it("cannot be written without its key", async () => {
        delete process.env[KEY];
        const [, key] = await examineLogs(resources());
        expect(key).toMatchObject({
            name: "signing key",
            state: "problem",
            found: expect.stringContaining("not set") as string,
        });
    });
});

describe("a relay", () => {
    const examined = async (machine: Machine) => {
        connect(machine);
        return examineRelays(relaysIn(resources(machine.host)), 5);
    };

    it("that answers as the state says is fine, and one that differs a warning", async () => {
        const machine = Object.assign(new Machine(), { owner: "shop/dev/relay" });
        machine.says.status = () => ({
            status: "time\t1764072000\ntable\t1\n",
            interfaces: "",
            marks: "wireguard\tx\n",
        });
        const [fine] = await examined(machine);
        expect(fine).toMatchObject({ name: "relay relay" });
        machine.says.status = () => ({
            status: "time\t1764072000\ntable\t0\n",
            interfaces: "wg0\n",
            marks: "",
            "dump.wg0": "",
        });
        expect(await examined(machine)).toEqual([
            {
                ...{ name: "relay relay", state: "warn", fix: "see `npx --no qp-tunnel status`" },
                found: expect.stringMatching(
                    /^namespace \S+ of this machine answers, and differs from the state$/,
                ) as string,
            },
        ]);
    });

    it("that does not answer is a problem with its reason", async () => {
        const machine = new Machine();
        machine.unreachable = new HostUnreachable("there", "it is off", "switch it on");
        expect(await examined(machine)).toEqual([
            { name: "relay relay", state: "problem", found: "there: it is off", fix: "switch it on" },
        ]);
    });

    it("without remote access is not asked", async () => {
        const machine = new Machine({ kind: "script", path: "relay.sh" });
        expect(await examined(machine)).toEqual([
            {
                ...{ name: "relay relay", state: "ok" },
                found: "the machine that relay.sh is run on: it has no remote access; it is configured by a script",
            },
        ]);
        expect(machine.steps).toEqual([]);
    });
});

it("an expected error is a finding, without what a terminal would act on; any other is a fault", () => {
    expect(problemAndFix(new TunnelError("a", "b\u001b[2J", "c"))).toEqual([
        expect.not.stringContaining("\u001b"),
        "c",
    ]);
    expect(() => problemAndFix(new TypeError("a fault of ours"))).toThrow("a fault of ours");
});
