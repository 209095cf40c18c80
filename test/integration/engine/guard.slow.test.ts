import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tableName } from "../../../core/names.js";
import { parseTable } from "../../../core/nftables/index.js";
import { Lab, type LabNode, type Sender, type Server, type TOPOLOGY } from "../../lab/index.js";
import { powerCut, type RelayPlace } from "../../lab/reboot.js";
import { Stack } from "../../lab/stack.js";
import { withKeys } from "./fixtures.js";
import { deletionsOf } from "./rules.js";

jest.setTimeout(600_000);

/**
 * What guards a relay while nobody applies. Alice may send to bob's port 7 and sends all the time; a host outside routes to bob
 * through the relay, and carol, who was granted nothing, sends to bob and to the relay. Whatever they send arrives at a port
 * that counts.
 */
const team = withKeys("alice", "bob", "carol", "dora");
const BOB = "10.8.0.3";
const FORBIDDEN = 9;
const GRANTS = [{ from: "alice", to: "bob", ports: ["udp/7"] }];
const SLOW = process.env["SLOW"] === "1";

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let table: string;
let place: RelayPlace;
let servers: Server[] = [];
let attackers: Sender[] = [];

beforeAll(async () => {
    lab = await Lab.create("guard");
    relay = lab.node("relay");
    const device = lab.interface("relay");
    table = tableName({ appName: "qp-tunnel", interface: device });
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: device,
        peers: team.map(({ name, publicKey }) => ({ name, publicKey })),
        services: [{ name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] }],
        grants: GRANTS,
    });
    stack.timeout = 300_000;
    place = { etc: stack.place("etc"), run: stack.place("run"), interface: device };
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    for (const { name, privateKey } of team.slice(0, 3))
        await lab.node(name as "alice").wgQuickUp(configs[name]!, lab.interface(name), privateKey);
    // What reaches these was let through.
    servers = [await lab.node("bob").udpEcho(FORBIDDEN), await relay.udpEcho(FORBIDDEN)];
    await lab.node("bob").udpEcho(7);
    await lab.node("outside").routeTo("10.8.0.0/24", relay.place.wan!);
    attackers = [
        await lab.node("carol").sendUdp(BOB, FORBIDDEN),
        await lab.node("carol").sendUdp("10.8.0.1", FORBIDDEN),
        await lab.node("outside").sendUdp(BOB, FORBIDDEN),
        await lab.node("outside").sendUdp("10.8.0.1", FORBIDDEN),
    ];
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

const heard = (): number => servers.reduce((count, { program }) => count + program.messages.length - 1, 0);

/** That nothing more arrives which is not allowed, while every attacker sends some more. */
async function expectClosed(): Promise<void> {
    // What has arrived before is counted by then.
    await Promise.all(attackers.map((attacker) => attacker.passes(20)));
    const before = heard();
    await Promise.all(attackers.map((attacker) => attacker.passes(30)));
    expect(heard()).toBe(before);
}

/** That nothing has ever arrived which is not allowed. */
async function expectNothing(): Promise<void> {
    await Promise.all(attackers.map((attacker) => attacker.passes(30)));
    expect(heard()).toBe(0);
}

/** Waits until alice reaches what it may reach and carol the relay: a peer that is not connected can attack nothing. */
async function connected(): Promise<void> {
    await until("alice reaches bob", async () => (await lab.node("alice").udp(BOB, 7)) === "open");
    await until("carol reaches the relay", () => lab.node("carol").ping("10.8.0.1"));
}

/** Waits for a condition. The limit is generous: it is no assertion about time. */
async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const limit = Date.now() + 150_000;
    while (!(await condition())) {
        if (Date.now() > limit) throw new Error(`not in time: ${what}\n${journal().join("\n")}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

/** A shell script that does something to the relay which `restored` undoes. */
interface Mutation {
    name: string;
    script: string;
}

/** What the table is made of, without what changes by itself; empty when there is none. */
async function tableText(): Promise<string> {
    // nft 1.0.6 writes a byte of its memory where the flags of a dormant table belong.
    const script = `nft -j list table inet ${table} | sed -E 's/("handle": [0-9]+, "flags": )"[^}]*\\}/\\1"set"}/'`;
    const { stdout } = await relay.exec(["bash", "-c", script]);
    return stdout.trim() === "" ? "" : JSON.stringify(parseTable(JSON.parse(stdout)));
}

/** Everything that somebody can take from the table or put into it, listed from the table itself. */
async function mutations(): Promise<Mutation[]> {
    const listing = JSON.parse(await relay.run(["nft", "-j", "list", "table", "inet", table])) as {
        nftables: Record<string, { name: string; chain: string; handle: number; timeout?: number; elem?: unknown[] }>[];
    };
    const all: Mutation[] = [{ name: "a dormant table", script: `nft 'add table inet ${table} { flags dormant; }'` }];
    const chains = listing.nftables.flatMap(({ chain }) => (chain === undefined ? [] : [chain.name]));
    const add = (name: string, ...commands: string[]): void =>
        void all.push({ name, script: `nft '${commands.join("; ")}'` });
    const rules = listing.nftables.flatMap(({ rule }) => (rule === undefined ? [] : [rule]));
    for (const name of chains) {
        // Flushing a chain without rules changes nothing, so there is nothing to tell.
        if (rules.some(({ chain }) => chain === name))
            add(`chain ${name} flushed`, `flush chain inet ${table} ${name}`);
        add(`chain ${name} deleted`, `flush chain inet ${table} ${name}`, `delete chain inet ${table} ${name}`);
        add(`everything accepted in ${name}`, `insert rule inet ${table} ${name} accept`);
    }
    for (const { chain, at, script } of deletionsOf(table, rules)) all.push({ name: `rule ${at} of ${chain}`, script });
    for (const { set } of listing.nftables) {
        if (set === undefined || set.timeout !== undefined) continue;
        const flushes = chains.map((name) => `flush chain inet ${table} ${name}`);
        add(`set ${set.name} deleted`, ...flushes, `delete set inet ${table} ${set.name}`);
        if ((set.elem ?? []).length > 0) add(`set ${set.name} flushed`, `flush set inet ${table} ${set.name}`);
    }
    add("everything allowed to everybody", `add element inet ${table} any4 { 0.0.0.0/0 . 0.0.0.0/0 }`);
    add("a port allowed to carol", `add element inet ${table} acl4 { 10.8.0.4 . 10.8.0.1 . udp . ${FORBIDDEN} }`);
    add("a foreign set", `add set inet ${table} more { type mark; }`);
    return all;
}

/** A different sample each time; SEED in the environment repeats one. */
const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);

function sample<T>(all: T[], count: number): T[] {
    let state = seed >>> 0;
    const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
    return all
        .map((value) => ({ value, at: next() }))
        .sort((a, b) => a.at - b.at)
        .slice(0, count)
        .map(({ value }) => value);
}

/** Lines of the relay's journal: action, then fields. */
const journal = (): string[] =>
    existsSync(join(place.etc, "journal"))
        ? readFileSync(join(place.etc, "journal"), "utf8")
              .trim()
              .split("\n")
              .filter((line) => line !== "")
              .map((line) => line.replace(/^\d+\t/, "").replaceAll("\t", " "))
        : [];

const isUp = async (): Promise<boolean> =>
    /[<,]UP[,>]/.test((await relay.exec(["ip", "-o", "link", "show", "dev", place.interface])).stdout);

/** Processes that tell the watcher what changes. */
const listening = (): string[] => {
    const file = join(place.run, "watch.listeners");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
};

/** The process that a name of the relay's stands for; 0 when it does not run. */
async function pidOf(name: string): Promise<number> {
    const script = 'read -r pid <"$1" && kill -0 "$pid" && ! grep -q "^State:.*Z" "/proc/$pid/status" && echo "$pid"';
    const { stdout } = await relay.exec(["bash", "-c", script, "pid", join(place.run, `${name}.pid`)]);
    return Number(stdout.trim());
}

/** Holds the relay's lock meanwhile, as an update that hangs does. */
async function withLockHeld(act: () => Promise<void>): Promise<void> {
    const script = 'exec 9>"$1"; flock 9; echo ready; read -r _';
    const argv = ["-c", script, "hold", join(place.run, "lock")];
    const holder = spawn("bash", argv, { stdio: ["pipe", "pipe", "ignore"] });
    try {
        await once(holder.stdout, "data");
        await act();
    } finally {
        holder.stdin.end();
        await once(holder, "close");
    }
}

it("lets through what is granted and nothing else", async () => {
    await connected();
    await expectNothing();
});

describe("the watcher", () => {
    it("restores a table that was taken apart or added to, and tells it", async () => {
        const before = await tableText();
        const whole = [
            { name: "the ruleset flushed", script: "nft flush ruleset" },
            { name: "the table deleted", script: `nft delete table inet ${table}` },
        ];
        const all = await mutations();
        expect(all.length).toBeGreaterThan(50);
        for (const { name, script } of [...whole, ...(SLOW ? all : sample(all, 8))]) {
            const told = journal().length;
            await relay.run(["bash", "-c", script]);
            await until(`${name} is undone (seed ${seed})`, async () => (await tableText()) === before && isUp());
            await until(`${name} is told`, () => journal().length > told);
            expect(journal().at(-1)).toMatch(new RegExp(`^guard_(restore table=${table} difference=|raise name=)`));
            await expectClosed();
        }
        await connected();
    });

    it("makes an interface again that was deleted, and sets one up that was set down", async () => {
        const peers = async (): Promise<string> =>
            (await relay.exec(["bash", "-c", `wg show ${place.interface} allowed-ips | sort`])).stdout;
        const before = await peers();
        for (const words of [["del"], ["set", "down", "dev"]]) {
            await relay.run(["ip", "link", ...words, place.interface]);
            await until(`${words.join(" ")} is undone`, async () => (await isUp()) && (await peers()) === before);
            await connected();
            await expectClosed();
        }
    });

    it("starts every process again that was killed, and is started again itself", async () => {
        const names = readdirSync(place.run)
            .filter((name) => name.endsWith(".pid"))
            .map((name) => name.replace(/\.pid$/, ""));
        expect(names).toEqual(expect.arrayContaining(["proxy", "proxy.supervisor", "watch", "watch.supervisor"]));
        for (const name of names) {
            const pid = await pidOf(name);
            await relay.run(["kill", "-KILL", String(pid)]);
            await until(`${name} runs again`, async () => ![0, pid].includes(await pidOf(name)));
        }
        const listeners = listening();
        for (const pid of listeners) await relay.exec(["kill", "-KILL", pid]);
        await until("the listeners run again", async () => {
            const now = listening();
            return now.length === 3 && now.every((pid) => !listeners.includes(pid) && existsSync(`/proc/${pid}`));
        });
        const told = [...names.filter((name) => name.endsWith("supervisor")), "watch"];
        await until("all is told", () => told.every((name) => journal().includes(`process_restart name=${name}`)));
        await connected();
        await expectClosed();
        // What was killed comes back once.
        const found = await relay.run(["bash", "-c", `pgrep -f -- ' supervise-[a-z]+ ${place.etc} ' || true`]);
        const known = [...listening(), ...(await Promise.all(names.map(pidOf))).map(String)];
        expect(found.split("\n").filter((pid) => pid !== "" && !known.includes(pid))).toEqual([]);
    });

    it("closes the relay while an update holds the lock, and restores it afterwards", async () => {
        const before = await tableText();
        for (const script of [
            "nft flush ruleset",
            `nft insert rule inet ${table} input accept`,
            `nft add element inet ${table} any4 '{ 0.0.0.0/0 . 0.0.0.0/0 }'`,
            `nft flush set inet ${table} ours`,
        ]) {
            await withLockHeld(async () => {
                await relay.run(["bash", "-c", script]);
                await until(`${script} is closed`, async () => !(await isUp()));
                await expectClosed();
            });
            await until(`${script} is undone`, async () => (await tableText()) === before && isUp());
            await expectClosed();
        }
        expect(journal().filter((line) => line.startsWith("guard_close reason="))).toHaveLength(4);
        await until("that is told", () => journal().at(-1) === `guard_raise name=${place.interface}`);
        await connected();
    });

    it("leaves an update alone that has written its files and not yet the table", async () => {
        const elements = join(place.etc, "elements");
        const before = readFileSync(elements, "utf8");
        await withLockHeld(async () => {
            for (const text of ["", before.split("\n").slice(1).join("\n")]) {
                const known = readFileSync(join(place.run, "guard.key"), "utf8");
                writeFileSync(elements, text);
                // Something for it to look at: an element of a set that the kernel fills by itself.
                await relay.run(["nft", `add element inet ${table} seen4 { 192.0.2.1 }`]);
                await until("it looks", () => readFileSync(join(place.run, "guard.key"), "utf8") !== known);
            }
            expect(await isUp()).toBe(true);
            writeFileSync(elements, before);
        });
        await until("that is told", () => journal().at(-1) === `guard_raise name=${place.interface}`);
        await connected();
    });

    it("has what it did sealed by the next operation", async () => {
        const told = journal().length;
        expect(told).toBeGreaterThan(10);
        stack.declare({ grants: [...GRANTS, { from: "bob", to: "alice", ports: ["tcp/22"] }] });
        await stack.up();
        expect(journal()).toEqual([]);
        const sealed = stack.log().filter(({ action }) => /^(guard_|process_restart)/.test(action));
        expect(sealed.length).toBeGreaterThanOrEqual(told);
        expect(sealed.map(({ message }) => message)).toEqual(
            expect.arrayContaining([
                expect.stringMatching(
                    `^The table inet ${table} was changed \\(it was gone\\) and was loaded again, on `,
                ),
                expect.stringMatching(
                    /^The interface was set down: the table was (gone|changed) while an update was under way, on /,
                ),
                expect.stringMatching(`^Interface ${place.interface} was set up again, with its table, on `),
                expect.stringMatching("^proxy.supervisor had ended and was started again, on "),
            ]),
        );
    });

    it("cuts a peer off at its time, though an update holds the lock, and again when that brings it back", async () => {
        const key = team.find(({ name }) => name === "dora")!.publicKey;
        const onWire = async (): Promise<boolean> =>
            (await relay.run(["wg", "show", place.interface, "peers"])).includes(key);
        const file = join(place.etc, "peers");
        const moment = Math.ceil(Date.now() / 1000) + 12;
        await withLockHeld(async () => {
            // As an update would have written it.
            const rows = readFileSync(file, "utf8").split("\n");
            const dated = rows.map((row) =>
                row.startsWith(key) ? row.replace(/\t[^\t]*(\t[^\t]*)$/, `\t${moment}$1`) : row,
            );
            expect(dated).not.toEqual(rows);
            writeFileSync(file, dated.join("\n"));
            expect(await onWire()).toBe(true);
            await until("it is cut off", async () => !(await onWire()));
            expect(Date.now()).toBeGreaterThanOrEqual(moment * 1000);
            await relay.run(["wg", "set", place.interface, "peer", key, "allowed-ips", "10.8.0.5/32"]);
            await until("it is cut off again", async () => !(await onWire()));
            expect(journal()).toEqual([]);
        });
        await until("it is told", () => journal().some((line) => line.startsWith("peer_expire name=dora ")));
    });

    it("closes what it cannot restore, and opens nothing until an update does", async () => {
        rmSync(join(place.etc, "firewall.nft"));
        await relay.run(["nft", "flush", "ruleset"]);
        await until("it is closed", async () => !(await isUp()));
        await expectClosed();
        await until("it is told", () =>
            journal().includes("guard_close reason=the table was changed and could not be loaded again"),
        );
        await stack.up("--refresh");
        await until("it is up", isUp);
        await expectClosed();
    });
});

describe("a boot with the file of the rules lost", () => {
    it("fails, and leaves the interface down, also one that another program has brought up", async () => {
        const { etc, run, interface: device } = place;
        await powerCut(relay, place);
        rmSync(join(etc, "firewall.nft"));
        expect((await relay.exec(["bash", `${etc}/program`, "boot-firewall", etc, run])).code).toBe(3);
        expect((await relay.exec(["bash", `${etc}/program`, "boot-wireguard", etc, run, device])).code).toBe(3);
        expect(await relay.run(["ip", "-o", "link"])).not.toContain(device);
        await expectClosed();

        const config = `[Interface]\nPrivateKey = ${(await relay.run(["cat", `${etc}/key.${device}`])).trim()}\n`;
        await relay.wireGuard({ interface: device, config, addresses: [] });
        expect((await relay.exec(["bash", `${etc}/program`, "boot-wireguard", etc, run, device])).code).toBe(3);
        expect(await relay.run(["ip", "-o", "link", "show", "dev", device])).not.toMatch(/[<,]UP[,>]/);
        await expectClosed();
    });

    it("is repaired by an update that looks", async () => {
        await stack.up("--refresh");
        await connected();
        await expectClosed();
    });
});

it("leaves nothing behind when the relay is destroyed", async () => {
    await Promise.all([...servers, ...attackers].map((one) => one.stop()));
    await stack.destroy();
    await until(
        "all of it is gone",
        async () => (await lab.node("alice").run(["ip", "netns", "pids", relay.namespace])) === "",
    );
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
    expect(
        ["/etc", "/run"].flatMap((folder) => readdirSync(folder).filter((name) => name.includes(place.interface))),
    ).toEqual([]);
});
