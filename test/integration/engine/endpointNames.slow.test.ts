/**
 * A managed peer whose relay is given by name, with a name server of its own and nothing in /etc/hosts: the name that does not
 * resolve yet, the one that leads elsewhere, and an interface that is filled while there is no answer.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Lab, type LabNode, type NameServer } from "../../lab/index.js";
import { startSshd, type Sshd } from "../../lab/sshd.js";
import { Stack } from "../../lab/stack.js";
import { reasons } from "./fixtures.js";

jest.setTimeout(600_000);

const SITES = {
    relay: { wan: "198.51.100.2" },
    north: { wan: "198.51.100.21" },
    resolver: { wan: "198.51.100.53" },
    operator: { wan: "198.51.100.66" },
};
const NAME = "relay.lab.example";
const MOVED = "198.51.100.3";

let lab: Lab<keyof typeof SITES>;
let stack: Stack;
let sshd: Sshd;
let relay: LabNode, north: LabNode;
let names: NameServer;
let device: string;
let etc: string, run: string;

beforeAll(async () => {
    lab = await Lab.create("names", SITES);
    [relay, north] = [lab.node("relay"), lab.node("north")];
    device = lab.interface("north");
    [etc, run] = ["etc", "run"].map((kind) => `/${kind}/qp-tunnel-${device}`) as [string, string];
    names = await lab.node("resolver").nameServer(SITES.resolver.wan);
    // `ip netns exec` has whatever it starts see this as /etc/resolv.conf.
    mkdirSync(resolving(), { recursive: true });
    writeFileSync(join(resolving(), "resolv.conf"), `nameserver ${SITES.resolver.wan}\n`);
    sshd = await startSshd(north, lab.folder);
    const ssh = { address: SITES.north.wan, hostKey: sshd.hostKey, identityFile: sshd.identityFile };
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        endpoint: NAME,
        peers: [{ name: "north", host: { ssh }, interface: device }],
    });
    stack.liveIn(lab.node("operator"));
    stack.timeout = 280_000;
});

afterAll(async () => {
    await names?.stop();
    lab?.close();
    stack?.close();
    rmSync(resolving(), { recursive: true, force: true });
    for (const folder of [etc, run]) rmSync(folder, { recursive: true, force: true });
});

const resolving = (): string => `/etc/netns/${north.namespace}`;
const endpoint = async (): Promise<string> =>
    (await north.run(["wg", "show", device, "endpoints"])).trim().split("\t")[1] ?? "";

/** Waits on the machine for what a line of bash says. */
async function until(condition: string): Promise<void> {
    const script = 'until bash -c "$1" until "$2" "$3" "$4" >/dev/null 2>&1; do sleep 0.05; done';
    await north.run(["timeout", "100", "bash", "-c", script, "until", condition, device, etc, run]);
}

/** A handshake that got no answer is tried again after five seconds. */
async function reachesRelay(): Promise<void> {
    try {
        await until("ping -n -c 1 -W 1 10.8.0.1");
    } catch (cause) {
        const look =
            "wg show; ip -s address; ip route; ip neigh; nft -t list ruleset; ps axww -o pid,lstart,args | grep -e wireguard";
        const [there, here] = await Promise.all(
            [north, relay].map((node) => node.run(["bash", "-c", `{ ${look}; } 2>&1`])),
        );
        throw new Error(`north does not reach the relay: ${there}\nThe relay: ${here}`, { cause });
    }
}

/** What keeps or makes the interface, as on a machine that was just started. */
async function loseInterface(): Promise<void> {
    if (lab.carrier === "kernel") await north.run(["ip", "link", "del", "dev", device]);
    else await north.run(["kill", "-KILL", readFileSync(join(run, `wireguard.${device}.pid`), "utf8").trim()]);
}

it("says that the name does not resolve there, before it makes anything of the interface", async () => {
    expect(reasons(await stack.fail(["up", "--yes", "--skip-preview"]))).toContain(
        `root@${SITES.north.wan}: the relay's endpoint ${NAME} does not resolve on this machine; check this machine's DNS (\`getent ahosts ${NAME}\`), or give the Relay an \`endpoint\` with an address`,
    );
    expect(await north.run(["ip", "-o", "link"])).not.toContain(device);
});

it("comes up with the name's address once it resolves", async () => {
    await names.answer(SITES.relay.wan);
    await stack.up();
    expect(await endpoint()).toBe(`${SITES.relay.wan}:51820`);
    await reachesRelay();
    await stack.refresh("--expect-no-changes");
});

it("follows the name when the relay is not heard any more, and tells the log", async () => {
    // Minutes are waited for otherwise.
    const program = readFileSync(join(etc, "program"), "utf8");
    writeFileSync(join(etc, "program"), program.replace(/^SILENT_SECONDS=\d+$/m, "SILENT_SECONDS=1"));
    await north.run(["kill", readFileSync(join(run, "watch.pid"), "utf8").trim()]);
    // A packet from its new address would tell where the relay is.
    const deaf = "add table ip deaf; add chain ip deaf in { type filter hook input priority -300; };";
    await north.run(["nft", `${deaf} add rule ip deaf in udp sport 51820 drop`]);
    await relay.run(["ip", "address", "add", `${MOVED}/24`, "dev", "wan"]);
    await relay.run(["ip", "address", "del", `${SITES.relay.wan}/24`, "dev", "wan"]);
    await relay.run(["ip", "address", "replace", `${MOVED}/24`, "dev", "wan"]);
    await names.answer(MOVED);
    await until(`[[ "$(wg show "$1" endpoints)" == *${MOVED}:51820 ]]`);
    await north.run(["nft", "delete table ip deaf"]);
    await reachesRelay();
    stack.declare({ mtu: 1400 });
    await stack.up();
    expect(readFileSync(join(etc, "program"), "utf8")).toBe(program);
    expect(stack.log().find(({ action }) => action === "endpoint_resolve")).toMatchObject({
        status: "success",
        message: expect.stringContaining(
            `The relay was not heard any more, and ${NAME} resolves to another address: the endpoint is ${MOVED}:51820 now`,
        ),
    });
});

it("is filled without an answer: with the address it had last, else with none until the name resolves", async () => {
    await names.fail();
    await until('grep -q . "$2/endpoints.$1"');
    await loseInterface();
    await until(`[[ "$(wg show "$1" endpoints)" == *${MOVED}:51820 && -f "$3/$1.ready" ]]`);

    // Never there before.
    const saved = readdirSync(etc).filter((name) => name.startsWith("endpoints."));
    expect(saved).toEqual([`endpoints.${device}`]);
    await north.run(["bash", "-c", 'kill -STOP "$(<"$1/watch.pid")"; rm -f "$2"', "x", run, join(etc, saved[0]!)]);
    await loseInterface();
    if (lab.carrier === "kernel") await north.run(["bash", "-c", 'kill -CONT "$(<"$1/watch.pid")"', "x", run]);
    await until('[[ "$(wg show "$1" endpoints)" == *"(none)" && -f "$3/$1.ready" ]]');
    await north.run(["bash", "-c", 'kill -CONT "$(<"$1/watch.pid")"', "x", run]);
    const asked = names.program.messages.length;
    await names.program.next((message) => names.program.messages.indexOf(message) >= asked && "asked" in message);
    await names.answer(MOVED);
    await until(`[[ "$(wg show "$1" endpoints)" == *${MOVED}:51820 ]]`);
    await reachesRelay();
});

it("counts as ready with its peer only: what cannot be filled is made again", async () => {
    if (lab.carrier === "kernel") return;
    const tried = join(lab.folder, "tried");
    // In the place of the kernel that refuses, for whoever was started over SSH.
    sshd.interpose("wg", `if [ "$1 $2" = "setconf ${device}" ]; then echo once >>${tried}; exit 1; fi`);
    // A supervisor that has run it knows where it is.
    await north.run(["kill", "-KILL", readFileSync(join(run, `wireguard.${device}.supervisor.pid`), "utf8").trim()]);
    await loseInterface();
    await until(`[[ "$(grep -c . ${tried})" -ge 2 ]]`);
    expect(existsSync(join(run, `${device}.ready`))).toBe(false);
    sshd.restore();
    await until('[[ -f "$3/$1.ready" && -n "$(wg show "$1" peers)" ]]');
    await reachesRelay();
    await stack.destroy();
});
