import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode } from "../../lab/index.js";
import { Stack, type StateResource } from "../../lab/stack.js";
import { spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const team = withKeys("alice", "bob", "carol");
const peers = team.map(({ name, publicKey }) => ({ name, publicKey }));
const HOST_KEY = "/etc/ssh/ssh_host_ed25519_key";
const RESERVED = "198.51.100.200";
const PLACES = {
    first: { wan: "198.51.100.2" },
    second: { wan: "198.51.100.3" },
    operator: { wan: "198.51.100.66" },
    alice: { wan: "198.51.100.11" },
    carol: { wan: "198.51.100.13" },
};

let lab: Lab<keyof typeof PLACES>;
let stack: Stack;
let device: string;
let operator: LabNode;
let alice: LabNode;
let carol: LabNode;
let cloud: string;

beforeAll(async () => {
    lab = await Lab.create("cloud", PLACES);
    [operator, alice, carol] = [lab.node("operator"), lab.node("alice"), lab.node("carol")];
    device = lab.interface("relay");
    cloud = join(lab.folder, "cloud");
    mkdirSync(cloud, { mode: 0o700 });
    stack = await Stack.create({
        interface: device,
        peers: peers.slice(0, 2),
        digitalOcean: { reservedIp: true, tags: ["team:network"] },
        confirmTimeout: 10,
    });
    stack.useCloud({
        folder: cloud,
        droplets: [lab.node("first"), lab.node("second")].map(({ namespace, place }) => ({
            namespace,
            address: place.wan,
        })),
        reservedIp: RESERVED,
        neighbours: [operator, alice, carol].map(({ namespace }) => namespace),
    });
    // The engine and all it starts live where the operator is.
    stack.interpose(
        "pulumi",
        `PATH="\${PATH#*:}"; export PATH; exec nsenter --net=/run/netns/${operator.namespace} -- pulumi "$@"`,
    );
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("previews a relay on a machine that does not exist yet", async () => {
    const text = await stack.preview();
    expect(spoken(text)).toEqual(
        expect.arrayContaining([
            "relay: is set up on a machine that does not exist yet",
            "relay: the SSH host key in the machine's user-data is used for one connection, which replaces it",
            "relay: alice will be added at 10.8.0.2",
        ]),
    );
    expect(text).not.toContain("Symbol");
    expect(existsSync(join(cloud, "made"))).toBe(false);
});

it("makes it, and connects peers under the address that stays", async () => {
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    expect(configs["alice"]).toContain(`Endpoint = ${RESERVED}:51820\n`);
    await alice.wgQuickUp(configs["alice"]!, lab.interface("alice"), team[0]!.privateKey);
    expect(await alice.ping("10.8.0.1")).toBe(true);
    await stack.preview("--expect-no-changes");
    await stack.refresh("--expect-no-changes");
});

it("replaces the host key that the user-data holds, and pins the new one", async () => {
    const state = await stack.state();
    const [boot, final] = ["relay-boot-key", "relay-machine-key"].map((name) => state[name]!.outputs["publicKey"]);
    expect(await shownBy(RESERVED)).toBe(final);
    expect(final).not.toBe(boot);
    for (const name of ["host", "firewall", "wireguard", "proxy", "grants"]) {
        expect(state[`relay-${name}`]!.inputs["host"]).toMatchObject({ hostKey: final, address: RESERVED });
    }
    const { userData } = made("4000");
    expect(userData).toContain(`ed25519_public: ${String(boot)}\n`);
    expect(userData.split("\n").filter((line) => /^\S/.test(line))).toStrictEqual(["#cloud-config", "ssh_keys:"]);
    expect(actions("host_key_rotate")).toStrictEqual([
        `Replace the SSH host key of root@${RESERVED}`,
        `root@${RESERVED} has an SSH host key of its own`,
    ]);
});

it("keeps every private key out of the state's plain text, the log and what is printed", async () => {
    const state = await stack.state();
    const plainState = (await stack.run(["stack", "export"])).stdout;
    const log = readFileSync(stack.logFile, "utf8");
    for (const name of ["relay-login", "relay-boot-key", "relay-machine-key"]) {
        const body = String(state[name]!.outputs["privateKey"]).split("\n")[2]!;
        expect(body).toMatch(/^[A-Za-z0-9+/]{70}$/);
        expect(plainState).not.toContain(body);
        expect(log).not.toContain(body);
    }
});

it("admits another peer on the same Droplet", async () => {
    const before = await stack.state();
    stack.declare({ peers });
    const { steps } = await stack.plan();
    expect(Object.fromEntries(Object.entries(steps).map(([name, { op }]) => [name, op]))).toStrictEqual({
        relay: "update",
        "relay-registry": "update",
        "relay-wireguard": "update",
        "relay-audit": "update",
    });
    await stack.up();
    const after = await stack.state();
    expect(idsOf(after)).toStrictEqual(idsOf(before));
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    await carol.wgQuickUp(configs["carol"]!, lab.interface("carol"), team[2]!.privateKey);
    expect(await carol.ping("10.8.0.1")).toBe(true);
});

it("rotates the host key, and finds it in place when that alone is done again, on the same Droplet", async () => {
    const before = await stack.state();
    const urn = (name: string): string => before[name]!.urn;
    await stack.up("--replace", urn("relay-machine-key"));
    const after = await stack.state();
    const shown = await shownBy(RESERVED);
    expect(shown).not.toBe(before["relay-machine-key"]!.outputs["publicKey"]);
    expect(shown).toBe(after["relay-machine-key"]!.outputs["publicKey"]);
    await stack.up("--replace", urn("relay-host-key"));
    expect(await shownBy(RESERVED)).toBe(shown);
    expect(idsOf(await stack.state())).toStrictEqual(idsOf(before));
    await stack.preview("--expect-no-changes");
});

it("refuses a machine that shows neither the key of its user-data nor its own", async () => {
    const { "relay-host-key": { urn } = { urn: "" } } = await stack.state();
    const own = await shownBy(RESERVED);
    await onDroplet("first", "cp -a /etc/ssh /etc/ssh.kept; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/other");
    const other = await onDroplet("first", "cut -d' ' -f1,2 /etc/ssh/other.pub");
    await onDroplet("first", `mv /etc/ssh/other ${HOST_KEY}`);
    await reloadSshd("first", other.trim());
    const text = await stack.fail(["up", "--yes", "--skip-preview", "--replace", urn]);
    expect(text).toMatch(/the machine shows the host key SHA256:\S+, pinned is SHA256:\S+/);
    expect(actions("host_key_rotate_error").at(-1)).toContain("the machine shows the host key");
    await onDroplet("first", "cp -a /etc/ssh.kept/. /etc/ssh/");
    await reloadSshd("first", own);
    await stack.up();
});

it("keeps the Droplet and its relay where another one cannot be made", async () => {
    stack.declare({ digitalOcean: { reservedIp: true, tags: ["team:network"], image: "debian-13-x64" } });
    writeFileSync(join(cloud, "out-of-droplets"), "");
    expect(await stack.fail(["up", "--yes", "--skip-preview"])).toContain("the region has no capacity left");
    rmSync(join(cloud, "out-of-droplets"));
    expect(readdirSync(join(cloud, "droplets"))).toStrictEqual(["4000.json"]);
    expect(await alice.ping("10.8.0.1")).toBe(true);
});

it("fills the Droplet that takes another's place, with the same keys, under the same address", async () => {
    const before = await stack.state();
    stack.declare({ digitalOcean: { reservedIp: true, tags: ["team:network"], image: "debian-13-x64" } });
    const text = await stack.preview();
    expect(spoken(text)).toContain(
        `relay: is set up on the new machine behind ${RESERVED}, with the same keys and addresses; every peer is interrupted until the new machine re-initiates its handshake, or for 15 s if the old one does not know its endpoint`,
    );
    await alice.ping("10.8.0.1");
    await stack.up();
    // Alice has sent nothing since: the new machine knew from the old one where it is, and called it.
    const called = await onDroplet("second", `wg show ${device} latest-handshakes`);
    const isBack = await alice.ping("10.8.0.1");
    const after = await stack.state();
    expect(called).toMatch(new RegExp(`^${team[0]!.publicKey.replace(/[+/]/g, "\\$&")}\t[1-9]`, "m"));
    expect(after["relay-droplet"]!.id).toBe("4001");
    const machines = [before, after].map((state) => state["relay-host"]!.outputs["machine"]);
    expect(machines[0]).not.toBe(machines[1]);
    for (const name of ["relay-key", "relay-machine-key", "relay-login", "relay-seed"]) {
        expect(after[name]!.outputs).toStrictEqual(before[name]!.outputs);
    }
    const boot = String(after["relay-boot-key"]!.outputs["publicKey"]);
    expect(["4000", "4001"].map((id) => made(id).userData.includes(boot))).toStrictEqual([false, true]);
    expect(await shownBy(RESERVED)).toBe(after["relay-machine-key"]!.outputs["publicKey"]);
    expect(isBack).toBe(true);
    // The old Droplet was there until the new one was, and empty before it was deleted.
    expect(left("4000")).toMatchObject({ droplets: 2, links: ["lo", "wan"], ruleset: "", files: "" });
    await stack.preview("--expect-no-changes");
    await stack.refresh("--expect-no-changes");
});

it("moves to another Droplet's own address when there is none that stays", async () => {
    stack.declare({ digitalOcean: {} });
    expect(spoken(await stack.preview())).toContain(
        `relay: moves from root@${RESERVED} to a machine that does not exist yet, with the same keys and addresses; the old machine is deleted last`,
    );
    await stack.up();
    const { "relay-host": host, "relay-machine-key": key } = await stack.state();
    expect(host!.inputs["host"]).toMatchObject({ address: PLACES.first.wan, instance: { id: "4002" } });
    expect(await shownBy(PLACES.first.wan)).toBe(key!.outputs["publicKey"]);
    await stack.preview("--expect-no-changes");
});

it("empties the Droplet before it deletes it, and leaves nothing in the account", async () => {
    await stack.destroy();
    expect(left("4002")).toMatchObject({ links: ["lo", "wan"], ruleset: "", files: "" });
    expect(["droplets", "keys", "assigned"].flatMap((kind) => readdirSync(join(cloud, kind)))).toStrictEqual([]);
    expect(actions("relay_destroy").at(-1)).toBe(`Removed relay relay from root@${PLACES.first.wan}`);
});

/** The Ed25519 host key that whoever asks is shown. */
async function shownBy(address: string): Promise<string> {
    const keys = await operator.run(["ssh-keyscan", "-t", "ed25519", address]);
    return keys.trim().split(" ").slice(1, 3).join(" ");
}

/** The sshd of a machine reads its files again, and shows this key. It executes itself, and writes its pid once it listens. */
async function reloadSshd(place: "first" | "second", key: string): Promise<void> {
    const reload = 'pid=$(cat "$file") && rm "$file" && kill -HUP "$pid" && until [ -s "$file" ]; do sleep 0.02; done';
    await onDroplet(place, `file=/run/sshd.pid; ${reload}`);
    expect(await shownBy(RESERVED)).toBe(key);
}

/** Runs a script on the machine that is in a place, where its files are. */
async function onDroplet(place: "first" | "second", script: string): Promise<string> {
    const { namespace } = lab.node(place);
    const [sshd = ""] = (await operator.run(["ip", "netns", "pids", namespace])).split("\n");
    return operator.run(["nsenter", "-t", sshd, "-m", "-n", "sh", "-c", script]);
}

function made(id: string): { userData: string } {
    return JSON.parse(readFileSync(join(cloud, "made", `${id}.json`), "utf8")) as { userData: string };
}

/** What was on a Droplet when it was deleted. */
function left(id: string): Record<string, unknown> {
    return JSON.parse(readFileSync(join(cloud, "left", `${id}.json`), "utf8")) as Record<string, unknown>;
}

function actions(action: string): string[] {
    return stack
        .log()
        .filter((record) => record.action.startsWith(action))
        .map(({ message }) => message);
}

/** Of what the cloud made. */
function idsOf(state: Record<string, StateResource>): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(state)
            .filter(([, { type }]) => type.startsWith("digitalocean:"))
            .map(([name, { id }]) => [name, id]),
    );
}
