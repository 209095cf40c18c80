import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

import { Lab, type LabNode } from "../../lab/index.js";
import { Agency } from "./agency.js";
import { withKeys } from "./fixtures.js";

// Two agencies with a program, a state and keys each: two relays on one machine, a peer on both, and nothing exchanged but offers.

jest.setTimeout(600_000);

const OURS = /qp[-_]?tunnel/i;
const team = withKeys("alice", "archive", "bob", "nas");
const keyOf = (name: string): string => team.find((mate) => mate.name === name)!.publicKey;
const privateKeyOf = (name: string): string => team.find((mate) => mate.name === name)!.privateKey;
const EMPTY = (from: string): string => JSON.stringify({ format: "qp-tunnel-offer/1", from, peers: [] });

const TOPOLOGY = {
    machine: { wan: "198.51.100.2" },
    first: { wan: "198.51.100.3" },
    second: { wan: "198.51.100.4" },
    alice: { wan: "198.51.100.11" },
    bob: { wan: "198.51.100.12" },
    archive: { wan: "198.51.100.13" },
    nas: { wan: "198.51.100.14" },
};

type Machine = "machine" | "first" | "second";

let lab: Lab<keyof typeof TOPOLOGY>;
let alder: Agency;
let birch: Agency;
const agencies: Agency[] = [];
const seeds = { alder: randomBytes(32).toString("base64"), birch: randomBytes(32).toString("base64") };

/** A fresh clone, for a machine. */
async function clone(name: "alder" | "birch", machine: Machine, more: Record<string, string> = {}): Promise<Agency> {
    const peers = name === "alder" ? ["alice", "archive"] : ["bob", "nas"];
    const agency = await Agency.clone(name, {
        peers: Object.fromEntries(peers.map((peer) => [peer, keyOf(peer)])),
        config: {
            namespace: lab.node(machine).namespace,
            interface: lab.interface(`${name}-${machine}`),
            endpoint: TOPOLOGY.machine.wan,
        },
        secrets: { seed: seeds[name], ...more },
    });
    agencies.push(agency);
    return agency;
}

const etcOf = (name: string, machine: Machine): string =>
    `/etc/${name}-${lab.interface(`${name}-${machine}`)}.${lab.node(machine).namespace}`;

beforeAll(async () => {
    lab = await Lab.create("agencies", TOPOLOGY);
    alder = await clone("alder", "machine");
    birch = await clone("birch", "machine");
});

afterAll(() => {
    lab?.close();
    for (const name of ["alder", "birch"])
        for (const machine of ["machine", "first", "second"] as const)
            for (const folder of [etcOf(name, machine), etcOf(name, machine).replace("/etc/", "/run/")])
                rmSync(folder, { recursive: true, force: true });
    for (const agency of agencies) agency.close();
});

test("each preview says what the other agency gets", async () => {
    // Birch begins: it knows nothing of Alder yet.
    birch.file("offers/alder.json", EMPTY("alder"));
    await birch.up();
    const offered = await birch.command("offer", "audit/prod.jsonl", "-o", "offer.json");
    expect([offered.code, offered.stderr]).toEqual([0, ""]);
    alder.file("offers/birch.json", birch.read("offer.json"));

    const first = await alder.pulumi("preview");
    expect(first).toMatch(/alder: birch-bob will be added at 10\.8\.0\.\d+/);
    expect(first).toMatch(/alder: .*birch-bob.*tcp\/22/);
    await alder.up();
    expect((await alder.command("offer", "audit/prod.jsonl", "-o", "offer.json")).code).toBe(0);
    birch.file("offers/alder.json", alder.read("offer.json"));

    const second = await birch.pulumi("preview");
    expect(second).toMatch(/birch: alder-archive will be added at 10\.9\.0\.\d+/);
    expect(second).toMatch(/birch: .*alder-archive.*tcp\/22/);
    await birch.up();
});

test("what an offer asks for beyond the limits is left out, and the preview says so", async () => {
    const before = alder.read("offers/birch.json");
    const offer = JSON.parse(before) as { wants: object[]; peers: object[] };
    offer.wants.push({ from: "bob", to: "archive", ports: ["tcp/445"] });
    alder.file("offers/birch.json", JSON.stringify(offer));
    const words = await alder.pulumi("preview");
    expect(words).toContain(
        "birch asks for access of bob to archive:tcp/445, which this program does not allow: it is not granted",
    );
    expect(words).not.toContain("to update");
    alder.file("offers/birch.json", before);
});

test("the shared peer is on both relays, and everybody reaches what was asked for and allowed", async () => {
    const [hers, his] = [
        (await alder.outputs<{ configs: Record<string, string> }>()).configs,
        (await birch.outputs<{ configs: Record<string, string> }>()).configs,
    ];
    const enter = (node: keyof typeof TOPOLOGY, relay: string, config: string | undefined): Promise<void> =>
        lab.node(node).wgQuickUp(config!, lab.interface(`${node}-${relay}`), privateKeyOf(node));
    await enter("bob", "alder", hers["birch-bob"]);
    await enter("archive", "alder", hers["archive"]);
    await enter("archive", "birch", his["alder-archive"]);
    await enter("nas", "birch", his["nas"]);
    await lab.node("archive").httpServer(22, "archive");
    await lab.node("archive").httpServer(445, "files");
    await lab.node("nas").httpServer(22, "nas");
    const at = (config: string | undefined): string => /^Address = ([\d.]+)/m.exec(config!)![1]!;
    const [archive, nas] = [at(hers["archive"]), at(his["nas"])];
    for (const [node, relay] of [
        ["bob", "10.8.0.1"],
        ["archive", "10.8.0.1"],
        ["archive", "10.9.0.1"],
        ["nas", "10.9.0.1"],
    ] as const)
        await connected(lab.node(node), relay);
    expect(await lab.node("bob").tcp(archive, 22)).toBe("open");
    expect(await lab.node("archive").tcp(nas, 22)).toBe("open");
    expect(await lab.node("bob").tcp(archive, 445)).not.toBe("open");
    // A grant is one direction, and one relay is no way into the other's tunnel.
    expect(await lab.node("nas").tcp(archive, 22)).not.toBe("open");
    await lab.node("bob").routeTo("10.9.0.0/24", TOPOLOGY.machine.wan);
    expect(await lab.node("bob").tcp(nas, 22)).not.toBe("open");
});

test("neither holds a secret of the other", async () => {
    const states = { alder: await alder.state(), birch: await birch.state() };
    const own = (text: string): string[] => [
        ...new Set(
            [...text.matchAll(/"(?:privateKey|seed)": ?(?:\{[^}]*"plaintext": ?)?"(?:\\")?([A-Za-z0-9+/=]{44})/g)].map(
                ([, value]) => value!,
            ),
        ),
    ];
    for (const [one, other] of [
        [alder, birch],
        [birch, alder],
    ] as const) {
        const [name, held] = [
            one.name as keyof typeof states,
            states[other.name as keyof typeof states] + other.files(),
        ];
        const values = [...own(states[name]), seeds[name]];
        expect(values.length).toBeGreaterThan(2);
        for (const value of values) {
            expect(states[name]).toContain(value);
            expect(held.includes(value)).toBe(false);
        }
        // Of a peer with its own key nobody but its owner has the private half.
        for (const { privateKey } of team) expect(states[name].includes(privateKey)).toBe(false);
    }
});

test("what users and the machine's people see bears the agencies' names only", async () => {
    const machine = lab.node("machine");
    const pids = (await machine.run(["ip", "netns", "pids", machine.namespace])).trim().split(/\s+/);
    const processes = await Promise.all(
        pids.map(async (pid) => (await machine.exec(["ps", "-o", "args=", "-p", pid])).stdout),
    );
    const hers = await alder.outputs<{ configs: Record<string, string>; caCertificate: string; url: string }>();
    const his = await birch.outputs<{ configs: Record<string, string> }>();
    const authority = await machine.run(["openssl", "x509", "-noout", "-text"], { input: hers.caCertificate });
    const seen: Record<string, string> = {
        processes: processes.join(""),
        tables: await machine.run(["nft", "list", "ruleset"]),
        sockets: await machine.run(["ss", "-Hlxntup"]),
        files: ["alder", "birch"]
            .flatMap((name) => readdirSync(etcOf(name, "machine"), { recursive: true, encoding: "utf8" }))
            .join("\n"),
        proxy: readFileSync(join(etcOf("alder", "machine"), "caddy.json"), "utf8"),
        authority,
        url: hers.url,
        configurations: [...Object.values(hers.configs), ...Object.values(his.configs)].join("\n"),
    };
    expect(seen["processes"]).toContain("/etc/alder-");
    expect(seen["processes"]).toContain("/etc/birch-");
    expect(seen["url"]).toMatch(/^https:\/\/wiki\.alder\.internal:/);
    // The Caddy that the library brings along is a file of the machine, not of a relay.
    const told = Object.entries(seen).filter(([, text]) => OURS.test(text.replaceAll(/\/\S*\/caddy\b/g, "")));
    expect(told).toEqual([]);
    // Nor does one agency show the other's users more than the offers' names.
    for (const config of Object.values(hers.configs)) expect(config).not.toContain("birch.");
    for (const config of Object.values(his.configs)) expect(config).not.toContain("alder.");
});

describe("each log is a witness of the other", () => {
    const KEY = (agency: Agency): string => String(agency.log()[0]!.details["public_key"]);
    /** One gives its newest offer, and the other records its checkpoint. */
    const exchange = async (from: Agency, to: Agency, ...more: string[]): Promise<string> => {
        to.file("to.json", (await to.command("offer", "audit/prod.jsonl")).stdout);
        from.file("for.json", to.read("to.json"));
        const made = await from.command("offer", "audit/prod.jsonl", "--for", "for.json");
        expect([made.code, made.stderr]).toEqual([0, ""]);
        to.file(`offers/${from.name}.json`, made.stdout);
        const observed = await to.command("audit", "observe", "audit/prod.jsonl", `offers/${from.name}.json`, ...more);
        return observed.stdout + observed.stderr;
    };

    test("the first checkpoint is recorded under the key that the owner tells, and later ones if they extend it", async () => {
        expect(await exchange(birch, alder)).toContain("no key of it is trusted");
        expect(await exchange(birch, alder, "--key", KEY(birch))).toMatch(/the first checkpoint of that log here\n$/);
        expect(await exchange(alder, birch, "--key", KEY(alder))).toMatch(/the first checkpoint of that log here\n$/);
        // A refresh pins what was recorded, so the next offers have it.
        await alder.pulumi("refresh", "--yes", "--skip-preview");
        await birch.pulumi("refresh", "--yes", "--skip-preview");
        await alder.up();
        await birch.up();
        expect(await exchange(birch, alder)).toMatch(/extends the \d+ recorded before\n$/);
        expect(await exchange(alder, birch)).toMatch(/extends the \d+ recorded before\n$/);
        birch.file("alder.jsonl", alder.read("audit/prod.jsonl"));
        const verified = await birch.command("audit", "verify", "audit/prod.jsonl", "--observed-by", "alder.jsonl");
        expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining("observed   by alder.jsonl at ")]);
        // Recording it planned nothing, and the program goes on with the log.
        await alder.pulumi("preview", "--expect-no-changes");
    });

    test("a log that its owner cut is found by the other's", async () => {
        const whole = birch.read("audit/prod.jsonl");
        const lines = whole.split("\n");
        birch.file("audit/cut.jsonl", `${lines.slice(0, 4).join("\n")}\n`);
        const found = await birch.command("audit", "verify", "audit/cut.jsonl", "--observed-by", "alder.jsonl");
        expect(found.code).toBe(1);
        expect(found.stderr).toMatch(
            /it has 4 records, and alder\.jsonl has recorded \d+, signed by a key of this log: the log was truncated/,
        );
    });
});

test.each(["alder", "birch"] as const)(
    "another machine gets the same files of the same program of %s, keys and seed",
    async (name) => {
        // Two fresh machines, from fresh clones; what was exchanged before is given.
        const [{ privateKey = "" } = {}] = withKeys("relay");
        const [one, other] = [await tree(name, "first", privateKey), await tree(name, "second", privateKey)];
        expect([...other.keys()]).toEqual([...one.keys()]);
        expect(one.size).toBeGreaterThan(10);
        const different = [...one].filter(([file, content]) => other.get(file) !== content).map(([file]) => file);
        // Which record, which resource and which certificate it is are each machine's own: dates and new keys.
        expect(different.filter((file) => !EACH_OWN.test(file))).toEqual([]);
        for (const file of ["peers", "elements", "firewall.nft", "owner", "relay-id", "interfaces", "network"])
            expect([file, one.has(file), different.includes(file)]).toEqual([file, true, false]);
        expect(one.has("caddy.json")).toBe(name === "alder");
    },
);

const EACH_OWN = /^(?:audit-mark|mark\.\w+|certs\/.*)$/;

/** What a fresh machine has of a relay after one update of a fresh clone: the content of each file, by its path. */
async function tree(name: "alder" | "birch", machine: Machine, privateKey: string): Promise<Map<string, string>> {
    const fresh = await clone(name, machine, { privateKey });
    const [given, file] = name === "alder" ? [alder, "offers/birch.json"] : [birch, "offers/alder.json"];
    fresh.file(file, given.read(file));
    await fresh.up();
    return contents(etcOf(name, machine), (text) =>
        named(text, lab.node(machine), lab.interface(`${name}-${machine}`)),
    );
}

/**
 * A laboratory's machines need names of their own. A certificate's file has its hash in the name, and `sysctls` begins with the boot and
 * the namespace in which it was written.
 */
function named(text: string, { namespace }: LabNode, device: string): string {
    const escaped = device.replace(/[^a-z0-9]/g, (char) => `__${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
    return text
        .replaceAll(namespace, "MACHINE")
        .replaceAll(device, "DEVICE")
        .replaceAll(escaped, "DEVICE")
        .replace(/(certs\/wiki(?:\.p256)?)-[0-9a-f]{12}\./g, "$1-HASH.")
        .replace(/^[0-9a-f-]{36} \d+ \d+\n/, "BOOT\n");
}

function contents(folder: string, name: (text: string) => string): Map<string, string> {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
    return new Map(
        files
            .filter((file) => statSync(join(folder, file)).isFile())
            .map((file) => [name(file), name(readFileSync(join(folder, file), "latin1"))]),
    );
}

test("with both stacks in one backend an offer comes by a StackReference", async () => {
    const copy = await alder.cloneBeside("birch", { peers: { bob: keyOf("bob"), nas: keyOf("nas") } });
    await copy.pulumi("config", "set", "alderStack", "organization/alder/prod");
    const words = await copy.pulumi("preview");
    expect(words).toMatch(/birch: alder-archive will be added at 10\.9\.0\.\d+/);
});

/** As soon as the tunnel is there. */
async function connected(node: LabNode, address: string): Promise<void> {
    const until = Date.now() + 60_000;
    while (!(await node.ping(address)) && Date.now() < until);
}
