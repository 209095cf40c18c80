import { HostUnreachable } from "../../../../../core/errors.js";
import { readMark } from "../../../../../core/protocol/mark.js";
import { swept } from "../../../../../core/protocol/removed.js";
import type { Part } from "../../../../../core/protocol/steps.js";
import type { SshHost } from "../../../../../providers/hosts/descriptors.js";
import { AuditLog } from "../../../../../providers/audit/log.js";
import { apply, stepValues } from "../../../../../providers/resources/relay/apply.js";
import type { Change } from "../../../../../providers/resources/relay/change.js";
import type { RelayResourceParts } from "../../../../../providers/resources/relay/parts.js";
import type { PlacedInputs } from "../../../../../providers/resources/relay/placed.js";
import { PartialFailure, type Properties } from "../../../../../providers/resources/resource.js";
import { scratchProject } from "../../audit/scratch.js";
import { connect, Machine } from "../../hosts/machine.js";
import { KEYS } from "../relays.js";
import { contextOf, lamp, linesRecorded, placedAt, recorded, REF, shining } from "./lifecycle.js";

scratchProject();

let machine: Machine;
beforeEach(() => {
    machine = shining(new Machine());
    Object.assign(machine, { owner: "shop/dev/hub", relayId: "ab12", generation: 4 });
    connect(machine);
});

/** Where nothing has to be approved it does not matter which step it is. */
const STEP = { urn: contextOf().urn, operation: "update" as const };
const inColour = (colour: string, at = machine, more: Properties = {}): PlacedInputs =>
    placedAt(at, { colour, ...more });

/** Applies; what it left and what was said. */
async function applied(
    change: Partial<Change> & { inputs: PlacedInputs },
    parts: RelayResourceParts = lamp("grants"),
): Promise<{ outputs: Properties; said: string[] }> {
    const context = contextOf();
    return { outputs: await apply(parts, "g1", { context, ...change }, STEP), said: context.said };
}

const actions = async (): Promise<string[]> => (await recorded()).map(([action]) => action);

it("sends the step with its files under its begin record, and remembers which record the machine bears", async () => {
    const { outputs } = await applied({ inputs: inColour("red") });
    const sent = machine.last("grants");
    expect(sent.values).toMatchObject({ table: "corp_wg0", id: "g1", expected: "4", owner: "shop/dev/hub" });
    // The program's copy for boots is the one that the session runs: it is not sent again.
    expect(sent.files).toEqual({ elements: "red\n" });
    const [begin, end] = await linesRecorded();
    expect(readMark(sent.values.auditMark)).toMatchObject({
        sequence: begin!.capsule.sequence,
        hash: begin!.capsule.hash,
    });
    expect([begin!.action, end!.action, end!.message]).toEqual(["lamp_apply_begin", "lamp_apply", "Lit it in red"]);
    expect(outputs).toMatchObject({
        ...{ colour: "red", kept: 1, drift: {}, applied: begin!.capsule.sequence },
        record: { sequence: end!.capsule.sequence, hash: end!.capsule.hash },
    });
    // A local machine needs no confirmation.
    expect(sent.values).not.toHaveProperty("confirm");
});

it("keeps the list of the files that the part owns, to compare them with", async () => {
    machine.says.grants = ({ files }) => ({ nft: files.elements!, files: "elements\t600\tab12\nowner\t600\tcd34\n" });
    expect((await applied({ inputs: inColour("red") })).outputs.files).toBe("elements\t600\n");
});

describe("what was promised and is not there", () => {
    it("is a failure that keeps the outputs, and says so in the log", async () => {
        machine.says.grants = () => ({ nft: "green\n" });
        const failure = await applied({ inputs: inColour("red") }).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(PartialFailure);
        const lines = await linesRecorded();
        expect(failure).toMatchObject({
            ...{ id: "g1", reasons: ["it is green"] },
            outputs: { colour: "green", drift: {}, record: { sequence: lines.at(-1)!.capsule.sequence } },
        });
        expect(lines.at(-1)).toMatchObject({
            action: "lamp_apply_error",
            status: "failure",
            details: { relay: "hub", problems: ["it is green"] },
        });
    });

    it("after the relay refused is nothing at all", async () => {
        machine.says.grants = () => ({ refused: "the table is foreign\nuse another name\n" });
        await expect(applied({ inputs: inColour("red") })).rejects.toThrow("the table is foreign; use another name");
        expect(await actions()).toEqual(["lamp_apply_begin", "lamp_apply_error"]);
        expect(machine.auditMark).toBeUndefined();
    });
});

describe("what an apply overwrote", () => {
    it("is recorded: what a refresh had found, what the relay swept, and what the part saw", async () => {
        const rows = swept.render([
            { kind: "peer", publicKey: KEYS.alice },
            { kind: "element", element: "10.8.0.9 . 22" },
            { kind: "proxy" },
        ]);
        machine.says.grants = ({ files }) => ({ nft: files.elements!, swept: rows });
        const parts = lamp("grants", {
            outputs: () => ({ outputs: {}, problems: [], foreign: ["a stranger's lamp was beside it"] }),
        });
        const before = { inputs: inColour("red"), outputs: { drift: { colour: "it is green" } } };
        await applied({ before, inputs: inColour("red") }, parts);
        expect(
            (await recorded()).filter(([action]) => action === "drift_overwritten").map(([, message]) => message),
        ).toEqual([
            "it is green",
            expect.stringMatching(
                /^unknown peer \S+ \(hSDwCYkwp1R0i33ctD73Wg2\/Og0mOBr066SpjqqbTmo=\) was configured on the interface but not declared in the program, and was removed$/,
            ),
            "10.8.0.9 . 22 was in the firewall's sets but not in the relay's record, and was removed",
            "the proxy served something that is not in the relay's record; its configuration was loaded again",
            "a stranger's lamp was beside it",
        ]);
    });
});

it("refuses what the machine's facts forbid before anything is changed", async () => {
    const parts = lamp("grants", {
        guard: (_, { addresses }) => {
            throw new Error(`${addresses[0]?.address} is in the tunnel`);
        },
    });
    await expect(applied({ inputs: inColour("red") }, parts)).rejects.toThrow("192.0.2.7/24 is in the tunnel");
    expect(machine.steps).toEqual(["facts"]);
});

it("does first what goes before anything else that can fail", async () => {
    const order: string[] = [];
    const parts = lamp("grants", {
        first: () => Promise.resolve(void order.push("first")),
        guard: () => void order.push("guard"),
        desired: () => Promise.resolve({ files: { elements: `${order.push("desired")}\n` } }),
        outputs: () => ({ outputs: {}, problems: [] }),
    });
    await applied({ inputs: inColour("red") }, parts);
    expect(order).toEqual(["first", "guard", "desired"]);
});

it("warns of what else on the machine stops the relay's packets", async () => {
    const chain = {
        family: "ip",
        table: "filter",
        name: "INPUT",
        handle: 1,
        type: "filter",
        hook: "input",
        prio: 0,
        policy: "drop",
    };
    const ruleset = `${JSON.stringify({ nftables: [{ chain }] })}\n`;
    machine.says.grants = ({ files }) => ({ nft: files.elements!, ruleset, ours: "interface\twg0\t51820\n" });
    expect((await applied({ inputs: inColour("red") })).said).toEqual([
        expect.stringMatching(/^warning: hub: table ip filter, chain INPUT \(hook input\) /),
    ]);
});

describe("on a remote machine", () => {
    const hosts = { made: 0 };
    const host = (): SshHost => ({
        ...{ kind: "ssh", address: `203.0.113.${(hosts.made += 1)}`, port: 22, user: "root" },
        ...{ sudo: false, packages: "install", hostKey: "ssh-ed25519 AAAA" },
    });
    const pending = (remote: Machine): void => {
        remote.says.grants = ({ files }) => ({ nft: files.elements!, pending: "60\n" });
    };
    let remote: Machine;
    beforeEach(() => {
        remote = Object.assign(new Machine(host()), { owner: "shop/dev/hub", relayId: "ab12" });
        pending(remote);
        connect(machine, remote);
    });

    it("a change is confirmed over a new connection, within the time that the program gives", async () => {
        await applied({ inputs: inColour("red", remote, { confirmTimeout: 90 }) });
        expect(remote.last("grants").values.confirm).toBe("90");
        expect(remote.last("confirm")).toMatchObject({ newConnection: true, values: { table: "corp_wg0" } });
        expect(remote.last("confirm").values.auditMark).toBe(remote.last("grants").values.auditMark);
    });

    it("a change that cuts peers off was rolled back: they are named as the log has them", async () => {
        remote.says.confirm = () => ({ lost: `peer ${KEYS.alice} 10.8.0.2\nservice wiki\n` });
        await (
            await AuditLog.open(REF)
        ).append({
            action: "peer_add",
            message: "Added",
            details: { relay: "hub", name: "alice", public_key: KEYS.alice, tunnel_ip: "10.8.0.2" },
        });
        await expect(applied({ inputs: inColour("red", remote) })).rejects.toThrow(
            "alice (10.8.0.2) and service wiki lost the connection because of this change, which was rolled back at once",
        );
        expect((await recorded()).at(-1)?.[0]).toBe("lamp_apply_error");
    });

    it("a change that came too late was rolled back", async () => {
        remote.says.confirm = () => ({ late: "late\n" });
        await expect(applied({ inputs: inColour("red", remote) })).rejects.toThrow(
            /^root@203\.0\.113\.\d+: the change was not confirmed in time and was rolled back; check how it affects connectivity to the relay$/,
        );
    });
});

describe("a relay that moves", () => {
    let other: Machine;
    beforeEach(() => {
        machine.marks = { host: "h1", grants: "g1" };
        other = new Machine();
        connect(machine, other);
    });

    const moving = async (step: Part, to: PlacedInputs): Promise<string[]> => {
        for (const each of [machine, other]) shining(each, step);
        const parts = lamp(step, { outputs: () => ({ outputs: {}, problems: [] }) });
        await applied({ before: { inputs: inColour("red"), outputs: {} }, inputs: to }, parts);
        return (await recorded()).filter(([action]) => action === "relay_move").map(([, message]) => message);
    };

    it("to another machine leaves the former one with its last step", async () => {
        const { host } = machine;
        const place = host.kind === "local" ? host.namespace : "";
        expect(await moving("host", inColour("red", other))).toEqual([]);
        expect(machine.steps).not.toContain("remove");
        expect(await moving("grants", inColour("red", other))).toEqual([
            `Left namespace ${place} of this machine, interface wg0: interface, table, proxy and files were removed there`,
        ]);
        expect(machine.last("remove").values).toMatchObject({ table: "corp_wg0", name: "corp-wg0" });
        expect(machine.owner).toBeUndefined();
    });

    it("to other names on its machine leaves the former ones with its first step", async () => {
        const [message] = await moving("host", inColour("red", machine, { interface: "wg7" }));
        expect(message).toMatch(/, interface wg0: /);
        expect(machine.last("remove").values).toMatchObject({ table: "corp_wg0", name: "corp-wg0" });
        expect(machine.steps.indexOf("remove")).toBeLessThan(machine.steps.indexOf("host"));
    });

    it("whose former machine does not answer says which keys are not known to work any more", async () => {
        machine.unreachable = new HostUnreachable("there", "it cannot be reached", "wait");
        const parts = lamp("host", { outputs: () => ({ outputs: {}, problems: [] }) });
        const { said } = await applied(
            { before: { inputs: inColour("red"), outputs: {} }, inputs: inColour("red", other) },
            parts,
        );
        expect(said).toEqual([
            expect.stringMatching(
                /^warning: hub: namespace \S+ of this machine does not answer, so it is not known which replaced keys of peers still work there/,
            ),
        ]);
    });
});

describe("a machine that was restored from an older copy", () => {
    const parts = (step: Part): RelayResourceParts =>
        lamp(step, {
            begin: () => ({ action: "grants_apply", message: "Update", details: { relay: "hub" } }),
            outcomes: () => [{ action: "grants_apply", message: "Updated", details: { relay: "hub" } }],
            outputs: () => ({ outputs: {}, problems: [] }),
        });

    /** After two applies the machine is as it was after the first, and this process knows nothing of it. */
    async function restored(step: Part): Promise<NonNullable<Change["before"]>> {
        const inputs = inColour("red", machine, { machine: "m1" });
        const { outputs } = await applied({ inputs }, parts(step));
        const older = machine.auditMark;
        const { outputs: newer } = await applied({ before: { inputs, outputs }, inputs }, parts(step));
        machine.says[step] = () => ({ refused: "no\nfix\n" });
        await expect(applied({ before: { inputs, outputs: newer }, inputs }, parts(step))).rejects.toThrow("no; fix");
        delete machine.says[step];
        machine.auditMark = older;
        return { inputs, outputs: newer };
    }
    const SENTENCE =
        "the machine was restored from an older copy: its last change is record 1 of the log, which has a later one (record 3): peers that were removed since may be connected again; `pulumi up --refresh` restores what the program says";

    it("is named and recorded, and no change is made that would hide it", async () => {
        const before = await restored("grants");
        const context = contextOf();
        await expect(apply(parts("grants"), "g1", { before, inputs: before.inputs, context }, STEP)).rejects.toThrow(
            "was restored from an older copy (of record 1 of the log, whose last change is record 3); run `pulumi up --refresh`, which restores what the program says",
        );
        expect(context.said).toEqual([`warning: hub: ${SENTENCE}`]);
        expect((await linesRecorded()).find(({ action }) => action === "relay_restored")).toMatchObject({
            message: SENTENCE,
            details: { relay: "hub", record: 1, newest: 3 },
        });
    });

    it.each<[string, Part, Properties]>([
        ["the peers' own resource", "wireguard", {}],
        ["an update after the refresh that found it", "grants", { drift: { restored: SENTENCE } }],
    ])("is set right by %s", async (_, step, found) => {
        const { inputs, outputs } = await restored(step);
        const before = { inputs, outputs: { ...outputs, ...found } };
        await applied({ before, inputs }, parts(step));
        expect((await actions()).slice(-3)).toEqual(
            step === "grants"
                ? ["relay_restored", "drift_overwritten", "grants_apply"]
                : ["grants_apply_begin", "relay_restored", "grants_apply"],
        );
    });
});

it("a relay's table is called after its names", () => {
    expect(stepValues(inColour("red"))).toEqual({ table: "corp_wg0" });
    expect(stepValues(placedAt(machine, { appName: "a-b", interface: "wg-1" }))).toEqual({ table: "a_b_wg__2d1" });
});
