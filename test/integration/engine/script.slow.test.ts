import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tableName } from "../../../core/names.js";
import { formatBundle } from "../../../core/protocol/bundle.js";
import { manifest as manifestTable } from "../../../core/protocol/steps.js";
import { relayProgram } from "../../../providers/hosts/program.js";
import type { Outcome } from "../../lab/processes.js";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { searchPath, Stack } from "../../lab/stack.js";
import { livePeers, spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const team = withKeys("alice", "bob");
const plain = team.map(({ name, publicKey }) => ({ name, publicKey }));
const key = (name: string): string => team.find((mate) => mate.name === name)!.publicKey;
const privateKey = (name: string): string => team.find((mate) => mate.name === name)!.privateKey;

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let device: string;
let file: string;

beforeAll(async () => {
    lab = await Lab.create("script");
    relay = lab.node("relay");
    device = lab.interface("relay");
    stack = await Stack.create({
        interface: device,
        endpoint: relay.place.wan!,
        script: { path: "carried/relay.sh", receipt: "file:receipt.txt" },
        peers: [...plain, { name: "carol" }],
        services: [{ name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] }],
        grants: [{ from: "carol", to: "bob", ports: ["tcp/22"] }],
    });
    file = join(stack.folder, "carried/relay.sh");
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

/** As its owner does: as root on the machine, by its path. On a machine with systemd its units would leave the laboratory. */
function runScript(path = file): Promise<Outcome> {
    const cover = 'if [ -d /run/systemd/system ]; then mount -t tmpfs none /run/systemd; fi; exec bash "$0"';
    return relay.exec(["unshare", "-m", "sh", "-c", cover, path], { env: { PATH: searchPath() }, timeout: 120_000 });
}

async function runAndPaste(): Promise<void> {
    const { code, stdout, stderr } = await runScript();
    expect({ code, stderr }).toStrictEqual({ code: 0, stderr: "" });
    stack.file("receipt.txt", `somebody wrote:\n> ${stdout.replaceAll("\n", "\r\n")}`);
}

/** What the head of the script says to verify it with. */
async function verify(folder: string): Promise<Outcome> {
    const command = /^#\s+(openssl .*)$/m.exec(readFileSync(file, "utf8"))![1]!;
    return relay.exec(["sh", "-c", `cd '${folder}' && ${command}`]);
}

/** All that a second run must leave alone. */
async function wire(): Promise<unknown> {
    const { stdout } = await relay.exec(["nft", "-s", "list", "ruleset"]);
    const routes = await relay.run(["ip", "route", "show", "table", "all"]);
    // wireguard-go lists its peers in another order each time; handshakes and counters are not compared.
    const dump = (await relay.run(["wg", "show", device, "dump"]))
        .split("\n")
        .map((line) => line.split("\t").filter((_field, index, all) => all.length < 8 || ![2, 4, 5, 6].includes(index)))
        .sort();
    return { nft: stdout, routes, dump, address: await relay.run(["ip", "-br", "address"]) };
}

it("writes a script that only its owner can read, without any private key, and says what is missing", async () => {
    const text = await stack.up();
    expect(spoken(text)).toContainEqual(expect.stringMatching(/^relay: wrote carried\/relay.sh \(SHA-256 /));
    expect(text).toContain("the public key of relay relay is not known yet");
    for (const name of [file, `${file}.sig`, `${file}.pub`]) expect(statSync(name).mode & 0o777).toBe(0o600);
    const { configs, endpoint } = await stack.outputs<{ configs: Record<string, string>; endpoint: string }>();
    expect(endpoint).toBe("198.51.100.2:51820");
    expect(configs.alice).toMatch(/^the public key of relay relay is not known yet.*hosts\.script/);

    const script = readFileSync(file, "utf8");
    const state = await stack.state();
    const secrets = [state["carol-key"]!, state["relay-ca"]!].map(({ outputs }) => String(outputs.privateKey));
    expect(secrets[0]).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    for (const secret of [
        ...secrets,
        ...team.map((mate) => mate.privateKey),
        String(state["relay-seed"]!.outputs.seed),
    ]) {
        expect(script).not.toContain(secret);
    }
    expect(script).not.toMatch(/PRIVATE KEY-----/);
    expect(script).toContain(`\n@interfaces\n ${device}\t51820\t1\t-\n`);
    await stack.preview("--expect-no-changes");
});

it("is verified as its head says, and a changed one is not", async () => {
    expect((await verify(join(stack.folder, "carried"))).stdout).toContain("Signature Verified Successfully");
    const other = join(lab.folder, "tampered");
    cpSync(join(stack.folder, "carried"), other, { recursive: true });
    writeFileSync(join(other, "relay.sh"), readFileSync(file, "utf8").replace("\t51820\t", "\t51821\t"));
    const { code, stdout, stderr } = await verify(other);
    expect({ code, text: stdout + stderr }).toEqual({ code: 1, text: expect.stringContaining("Verification Failure") });
});

it("makes the relay, with a key that stays there, and changes nothing when it runs again", async () => {
    await runAndPaste();
    const first = await wire();
    const listed = [...(await livePeers(relay, device)).values()].map(({ publicKey }) => publicKey);
    expect(listed).toEqual(expect.arrayContaining([key("alice"), key("bob")]));
    expect(listed).toHaveLength(3);
    await runAndPaste();
    expect(await wire()).toStrictEqual(first);

    const identity = readFileSync(join(stack.place("etc"), "identity.1.key"), "utf8").trim();
    expect(statSync(join(stack.place("etc"), "identity.1.key")).mode & 0o777).toBe(0o600);
    const left = [
        ...Object.values(await stack.state()),
        readFileSync(file, "utf8"),
        readFileSync(`${file}.receipt`, "utf8"),
    ];
    expect(JSON.stringify(left)).not.toContain(identity);
});

it("takes the receipt over: peers connect with their files, and the log lists the peers on the interface", async () => {
    const words = spoken(await stack.preview());
    expect(words).toContainEqual(
        expect.stringMatching(/^relay: the receipt of .* is accepted: 3 peers on the interface$/),
    );
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    const alice = lab.node("alice");
    const carol = lab.node("carol");
    await alice.wgQuickUp(configs.alice!, lab.interface("alice"), privateKey("alice"));
    await carol.wgQuickUp(configs.carol!, lab.interface("carol"));
    await lab.node("bob").wgQuickUp(configs.bob!, lab.interface("bob"), privateKey("bob"));
    expect(await alice.ping("10.8.0.1")).toBe(true);
    expect(await carol.ping("10.8.0.1")).toBe(true);
    expect(await carol.tcp("10.8.0.3", 22)).toBe("refused");
    expect(await alice.tcp("10.8.0.3", 22)).toBe("timeout");
    expect(await alice.tcp("10.8.0.1", 8443)).toBe("timeout");
    const added = stack.log().filter(({ action }) => action === "peer_add");
    expect(added.map(({ details }) => details.name).sort()).toStrictEqual(["alice", "bob", "carol"]);
});

it("opens a service with the second script, over TLS whose key never left the relay", async () => {
    await runAndPaste();
    await stack.up();
    await stack.preview("--expect-no-changes");
    const { caCertificate, serviceRegistry } = await stack.outputs<{
        caCertificate: string;
        serviceRegistry: Record<string, { state: string }>;
    }>();
    expect(serviceRegistry.notes).toMatchObject({ state: "open" });
    const notes = await lab.node("bob").httpServer(3000, "the notes");
    try {
        const request = { address: "10.8.0.1", port: 8443, servername: "notes.qp-tunnel.internal", ca: caCertificate };
        expect(await lab.node("alice").https(request)).toMatchObject({
            status: 200,
            body: "the notes",
            group: "X25519MLKEM768",
        });
        expect(await lab.node("carol").tcp("10.8.0.1", 8443)).toBe("timeout");
    } finally {
        await notes.stop();
    }
    expect(existsSync(join(stack.place("etc"), "keys/notes-ed25519.key"))).toBe(true);
});

it("cuts a removed peer when the third script runs, and reports it as revoked when the receipt is back", async () => {
    const older = join(lab.folder, "older.sh");
    cpSync(file, older);
    stack.declare({ peers: plain, grants: [] });
    const words = spoken(await stack.preview());
    expect(words).toContainEqual(
        expect.stringMatching(/^relay: carried\/relay.sh is written; the following changes take effect when/),
    );
    expect(words).toContainEqual(expect.stringMatching(/^relay: carol \(10.8.0.4\) is cut off at once/));
    await stack.up();
    type Registry = Record<string, { status: string }>;
    const statusOf = async (): Promise<string | undefined> =>
        (await stack.outputs<{ registry: Registry }>()).registry.carol?.status;
    expect(await statusOf()).toBe("active");
    expect(stack.log().filter(({ action }) => action === "peer_remove")).toHaveLength(0);

    await runAndPaste();
    expect(await lab.node("carol").ping("10.8.0.1")).toBe(false);
    expect(await lab.node("alice").ping("10.8.0.1")).toBe(true);
    await stack.up();
    expect(await statusOf()).toBe("revoked");
    const [removed] = stack.log().filter(({ action }) => action === "peer_remove");
    expect(removed?.details).toMatchObject({ name: "carol", proof: expect.stringMatching(/^the receipt of script/) });

    const { code, stderr } = await runScript(older);
    expect({ code, stderr }).toEqual({
        code: 3,
        stderr: expect.stringMatching(/this script is of .*, but the machine has already run the one of/),
    });
    expect((await livePeers(relay, device)).size).toBe(2);
});

it("sets up a machine that was rebuilt: another key, and services closed until they have asked anew", async () => {
    const place = `qp-tunnel-${device}`;
    const manifest = manifestTable.render({
        ...{ step: "remove", name: place, etc: stack.place("etc"), run: stack.place("run"), interface: device },
        ...{ owner: "lab/dev/relay", table: tableName({ appName: "qp-tunnel", interface: device }) },
    });
    await relay.run(["bash", "-s"], { input: `${relayProgram()}\n${formatBundle({ manifest })}` });
    type Known = { publicKey: string; served: Record<string, { state: string }> };
    const known = async (): Promise<Known> => (await stack.state())["relay-script"]!.outputs as unknown as Known;
    const before = await known();

    await runAndPaste();
    expect(await lab.node("alice").tcp("10.8.0.1", 8443)).toBe("timeout");
    expect(await stack.up()).toContain("relay: wrote carried/relay.sh");
    const after = await known();
    expect(after.publicKey).not.toBe(before.publicKey);
    expect(after.publicKey).toBe((await relay.run(["wg", "show", device, "public-key"])).trim());
    expect([before.served.notes?.state, after.served.notes?.state]).toStrictEqual(["open", "waits"]);

    await runAndPaste();
    await stack.up();
    expect((await known()).served.notes?.state).toBe("open");
});

it("refuses a receipt that was changed on its way", async () => {
    const receipt = readFileSync(join(stack.folder, "receipt.txt"), "utf8");
    const [, head, body, tail] = /^([^]*BEGIN[^\n]*\n)([^]*)(-----END[^]*)$/.exec(receipt)!;
    const content = Buffer.from(body!, "base64")
        .toString()
        .replace(/publicKey\t.*/, `publicKey\t${key("bob")}`);
    stack.file("receipt.txt", `${head}${Buffer.from(content).toString("base64")}\n${tail}`);
    expect(await stack.fail(["preview"])).toContain("it is not from a script of this relay, or it was changed");
    stack.file("receipt.txt", receipt);
});

it("says at refresh that it cannot look, and is destroyed by a last script", async () => {
    expect(await stack.refresh("--expect-no-changes")).toContain(
        "there is no connection to this relay, so it cannot be read",
    );
    expect(await stack.destroy()).toContain("it keeps running until carried/relay.sh, which now removes it, is run");
    const { code, stdout } = await runScript();
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("is gone from this machine") });
    expect((await relay.exec(["ip", "link", "show", device])).code).not.toBe(0);
    expect(await relay.run(["nft", "list", "tables"])).toBe("");
    expect(existsSync(stack.place("etc"))).toBe(false);
});
