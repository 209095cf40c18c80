import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { tableName } from "../../../core/names.js";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { powerCut, reboot } from "../../lab/reboot.js";
import { Stack } from "../../lab/stack.js";
import { reasons, spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const team = withKeys("alice", "bob", "dora");
const peers = team.map(({ name, publicKey }) => ({ name, publicKey }));

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode, alice: LabNode, bob: LabNode;
let until: string;

const ECHO = { from: "dora", to: "bob", ports: ["udp/7"] };
const limited = (end: string) => ({
    ...{ from: "ops", to: "bob", ports: ["icmp", "tcp/9", "udp/7-9"] },
    ...{ until: end, reason: "night shift", ticket: "OPS-7" },
});
/** Ports of that grant, sorted, with the set that each is in. */
const PORTS = ["icmp", "tcp/9", "udp/7-9"];

beforeAll(async () => {
    lab = await Lab.create("ends");
    [relay, alice, bob] = [lab.node("relay"), lab.node("alice"), lab.node("bob")];
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        peers,
        grants: [ECHO],
    });
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    for (const [name, node] of Object.entries({ alice, bob }))
        await node.wgQuickUp(configs[name]!, lab.interface(name), team.find((each) => each.name === name)!.privateKey);
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("adds the sets of access that ends, and says who gets access by which group, until when and why", async () => {
    until = inSeconds(90);
    stack.declare({ groups: { ops: ["alice"] }, grants: [ECHO, limited(until)] });
    const { words } = await stack.plan();
    expect(words["relay-registry"]).toEqual(["relay: group ops is added with alice"]);
    expect(words["relay-firewall"]).toEqual([
        "relay: the firewall can end access by itself from now on; no running connection is affected",
    ]);
    const [first, second, third] = PORTS.map(
        (ports) => `10.8.0.3 ${ports} (until ${until}, ticket OPS-7, by group ops: night shift)`,
    );
    expect(words["relay-grants"]).toContain(`relay: alice is allowed to reach ${first}, ${second} and ${third}`);
    await stack.up();
    expect(await alice.ping("10.8.0.3")).toBe(true);
    expect(await setOf("acl4_until")).toMatch(/10\.8\.0\.2 \. 10\.8\.0\.3 \. tcp \. 9 timeout \S+ expires \S+/);
    expect(
        stack
            .log()
            .filter(({ action }) => action === "grants_apply")
            .at(-1)?.details,
    ).toMatchObject({
        terms: expect.arrayContaining([
            expect.objectContaining({ name: "alice", until, ticket: "OPS-7", reason: "night shift", groups: ["ops"] }),
        ]) as unknown,
    });
});

it("warns, plans nothing because of it, and has no drift", async () => {
    expect(spoken(await stack.preview("--expect-no-changes"))).toEqual(
        PORTS.map(
            (ports) =>
                expect.stringMatching(
                    `^relay: the access of alice to 10.8.0.3 ${ports} ends in [12] minutes?: until ${until}`,
                ) as unknown,
        ),
    );
    await stack.refresh("--expect-no-changes");
});

it("ends it at that second in the kernel, without anything of ours, running connections too", async () => {
    const pids = ["watch.supervisor", "watch"].map((name) =>
        readFileSync(join(stack.place("run"), `${name}.pid`), "utf8").trim(),
    );
    await relay.run(["kill", "-STOP", ...pids]);
    const echo = await bob.udpEcho(8);
    const probe = await alice.probe("10.8.0.3", 8, 100);
    const listener = await bob.holdTcp("listen", "10.8.0.3", 9);
    const connection = await alice.holdTcp("connect", "10.8.0.3", 9);
    await clockShows(Date.parse(until));
    await probe.passes(200);
    const { lastAnswer } = await probe.stop();
    expect(lastAnswer).toBeGreaterThan(Date.parse(until) - 1000);
    expect(lastAnswer).toBeLessThan(Date.parse(until) + 1000);
    connection.tell("still there?");
    expect(await connection.next((message) => "closed" in message)).toEqual({ closed: "ECONNRESET" });
    await Promise.all([echo.stop(), connection.stop(), listener.stop()]);
    expect(await alice.ping("10.8.0.3")).toBe(false);
    expect(await setOf("acl4_until")).not.toContain("10.8.0.2");
    // It is still in the record, and neither a reload nor a refresh brings it back.
    expect(elements()).toContain("_until ");
    await reload();
    expect(await alice.ping("10.8.0.3")).toBe(false);
    expect(spoken(await stack.refresh("--expect-no-changes"))).toEqual([]);
    await relay.run(["kill", "-CONT", ...pids]);
});

it("tells of it in the relay's journal, and takes it out of the record", async () => {
    const lines = await journal(3);
    expect(lines.map((line) => line.split("\t").slice(1))).toEqual(
        PORTS.map((ports) => [
            ...["right_end", "name=alice", `rule=10.8.0.2 -> 10.8.0.3 ${ports}`, `until=${until}`],
            ...["ticket=OPS-7", "reason=night shift"],
        ]),
    );
    expect(elements()).not.toContain("_until ");
    expect(readFileSync(join(stack.place("etc"), "ended"), "utf8")).toContain(
        "acl4_until 10.8.0.2 . 10.8.0.3 . tcp . 9",
    );
});

it("is said once in the next preview, sealed by the next operation, and plans nothing then", async () => {
    const { words } = await stack.plan();
    expect(words["relay-grants"]).toEqual(
        PORTS.map(
            (ports) =>
                `relay: the access of alice to 10.8.0.3 ${ports} has ended by itself: until ${until}, ticket OPS-7, by group ops: night shift`,
        ),
    );
    await stack.up();
    const sealed = stack.log().filter(({ action }) => action === "right_end");
    expect(sealed.map(({ details }) => details["until"])).toEqual([until, until, until]);
    expect(Date.parse(String(sealed[0]!.details["happened_at"]))).toBeGreaterThanOrEqual(Date.parse(until));
    expect(spoken(await stack.preview("--expect-no-changes"))).toEqual([]);
    await stack.refresh("--expect-no-changes");
    stack.declare({ groups: { ops: ["alice"] }, grants: [ECHO] });
    await stack.up();
    expect(spoken(await stack.preview("--expect-no-changes"))).toEqual([]);
});

it("is not brought back by an update that was planned before and arrives later", async () => {
    const late = inSeconds(30);
    stack.declare({ groups: { ops: ["alice"] }, grants: [ECHO, limited(late)] });
    // The step of the access rules is held until its time has come.
    const held = `case "$*" in "-t list table"*) while [ "$(date +%s)" -lt ${seconds(late)} ]; do sleep 0.2; done;; esac`;
    stack.interpose("nft", held);
    await stack.up();
    stack.restore();
    expect(elements()).not.toContain("_until ");
    expect(await alice.ping("10.8.0.3")).toBe(false);
    await stack.refresh("--expect-no-changes");
});

it("comes back with a later time; a longer one, or none, interrupts nothing", async () => {
    stack.declare({ grants: [ECHO, limited(inSeconds(3600))] });
    await stack.up();
    const echo = await bob.udpEcho(8);
    const probe = await alice.probe("10.8.0.3", 8, 100);
    stack.declare({ grants: [ECHO, limited(inSeconds(7200))] });
    expect(spoken(await stack.up())).toContainEqual(expect.stringMatching(/icmp ends at \S+ instead of /));
    expect(await setOf("acl4_until")).toMatch(/expires 1h5\dm/);
    await stack.refresh("--expect-no-changes");
    const { until: _never, ...endless } = limited("");
    stack.declare({ grants: [ECHO, endless] });
    await stack.up();
    expect(await setOf("acl4_until")).not.toContain("10.8.0.2");
    expect(await setOf("acl4")).toContain("10.8.0.2 . 10.8.0.3 . tcp . 9");
    expect((await probe.stop()).lost).toBe(0);
    await echo.stop();
});

it("stays ended when the clock steps back", async () => {
    const later = inSeconds(3600);
    stack.declare({ grants: [ECHO, limited(later)] });
    await stack.up();
    expect(await setOf("acl4_until")).toContain("10.8.0.2");
    // As if the clock had been ahead, and what the relay remembers of it.
    const row = `${seconds(later)}\tacl4_until 10.8.0.2 . 10.8.0.3 . tcp . 9\n`;
    writeFileSync(join(stack.place("etc"), "ended"), row, { mode: 0o600 });
    await reload();
    expect(await setOf("acl4_until")).not.toContain("10.8.0.2");
    await stack.up("--refresh");
    expect(await setOf("acl4_until")).not.toContain("10.8.0.2");
});

it("ends what comes to its end while the machine is off, and goes on counting over a boot", async () => {
    const [early, late] = [inSeconds(40), inSeconds(3600)];
    const timed = (to: string, until: string) => ({ from: "ops", to, ports: ["tcp/11"], until });
    stack.declare({ grants: [ECHO, timed("bob", early), timed("dora", late)] });
    await stack.up();
    expect(await setOf("acl4_until")).toMatch(/10\.8\.0\.3 \. tcp \. 11 timeout/);
    const place = { etc: stack.place("etc"), run: stack.place("run"), interface: lab.interface("relay") };
    await powerCut(relay, place);
    await clockShows(Date.parse(early) + 1000);
    await reboot(relay, place);
    const kernel = await setOf("acl4_until");
    expect(kernel).toMatch(/10\.8\.0\.4 \. tcp \. 11 timeout 5\dm/);
    expect(kernel).not.toContain("10.8.0.3");
    expect(elements()).not.toContain("10.8.0.3 . tcp . 11");
    expect((await journal(1)).join("\n")).toContain(
        `\tright_end\tname=alice\trule=10.8.0.2 -> 10.8.0.3 tcp/11\tuntil=${early}`,
    );
    await stack.up();
    await stack.preview("--expect-no-changes");
});

it("opens and closes by itself in the hours of a window", async () => {
    const opens = Math.ceil(Date.now() / 60_000 + 0.8) * 60_000;
    const [from, to] = [opens, opens + 60_000].map((moment) => new Date(moment).toISOString().slice(11, 16));
    const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    const { until: _never, ...weekly } = limited("");
    const hourly = { ...weekly, window: { days, from, to: to === "00:00" ? "24:00" : to, zone: "UTC" } };
    stack.declare({ grants: [ECHO, hourly] });
    await stack.up();
    expect(Date.now()).toBeLessThan(opens);
    expect(await setOf("acl4_until")).not.toContain("10.8.0.2");
    expect(spoken(await stack.refresh("--expect-no-changes"))).toEqual([]);
    await clockShows(opens);
    const echo = await bob.udpEcho(8);
    const probe = await alice.probe("10.8.0.3", 8, 100, 20_000);
    await clockShows(opens + 62_000);
    const { lastAnswer } = await probe.stop();
    await echo.stop();
    expect(Math.abs(lastAnswer - opens - 60_000)).toBeLessThan(1000);
    expect(await setOf("acl4_until")).not.toContain("10.8.0.2");
    expect(elements()).toContain("acl4_until 10.8.0.2");
    expect(spoken(await stack.refresh("--expect-no-changes"))).toEqual([]);
    await stack.preview("--expect-no-changes");
});

it("is refused where a mistake would make it endless", async () => {
    stack.declare({ grants: [{ ...limited("tomorrow") }] });
    expect(reasons(await stack.fail(["preview"])).join()).toContain("is not an RFC 3339 date and time with an offset");
});

function inSeconds(seconds: number): string {
    return `${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** Until the clock shows this, in Unix milliseconds. */
async function clockShows(moment: number): Promise<void> {
    const wait = 'while (("$(date +%s)" < $1)); do sleep 0.1; done';
    await relay.run(["bash", "-c", wait, "wait", String(Math.ceil(moment / 1000))], { timeout: 240_000 });
}

function seconds(moment: string): number {
    return Date.parse(moment) / 1000;
}

/** What the kernel has in a set. */
async function setOf(name: string): Promise<string> {
    const table = tableName({ appName: "qp-tunnel", interface: lab.interface("relay") });
    return relay.run(["nft", "list", "set", "inet", table, name]);
}

/** Loads the table again, as a boot does. */
async function reload(): Promise<void> {
    await relay.run([
        "bash",
        join(stack.place("etc"), "program"),
        "reload-firewall",
        stack.place("etc"),
        stack.place("run"),
    ]);
}

function elements(): string {
    return readFileSync(join(stack.place("etc"), "elements"), "utf8");
}

/** Lines of the relay's journal, once there are so many. */
async function journal(count: number): Promise<string[]> {
    const file = join(stack.place("etc"), "journal");
    const wait = `until [ "$(wc -l <"$1" 2>/dev/null || echo 0)" -ge "$2" ]; do sleep 0.2; done`;
    await relay.run(["timeout", "60", "bash", "-c", wait, "wait", file, String(count)]);
    return readFileSync(file, "utf8").trim().split("\n").sort();
}
