import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { reboot } from "../../lab/reboot.js";
import { startSshd, type Sshd } from "../../lab/sshd.js";
import { Stack } from "../../lab/stack.js";
import { livePeers, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const team = withKeys("alice", "bob", "carol");
const [alice, bob, carol] = team.map(({ name, publicKey }) => ({ name, publicKey }));
const privateKeyOf = (name: string): string => team.find((mate) => mate.name === name)!.privateKey;
const SLOW = process.env["SLOW"] === "1";
/** A change of routes, which could cut the way to the relay. */
const ROUTE = "10.99.0.0/24";
/** Nobody gets a new connection any more; the one of the update goes on. */
const SHUT =
    "add table ip shut; add chain ip shut in { type filter hook input priority -300; }; add rule ip shut in tcp dport 22 ct state new reject with tcp reset";
/** Where the operator's second connection comes from, which the relay has not seen when the change is planned. */
const SECOND_ADDRESS = "198.51.100.67";

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let operator: LabNode;
let sshd: Sshd;
let device: string;

beforeAll(async () => {
    lab = await Lab.create("confirm");
    relay = lab.node("relay");
    operator = lab.node("outside");
    device = lab.interface("relay");
    sshd = await startSshd(relay, lab.folder);
    await relay.httpServer(3000, "hello", { address: "127.0.0.1" });
    stack = await Stack.create({
        interface: device,
        peers: [alice!, bob!, carol!],
        services: [{ name: "notes", upstream: "127.0.0.1:3000", allow: ["alice"] }],
        grants: [{ from: "alice", to: "bob", ports: ["udp/7"] }],
        ssh: { address: relay.place.wan, hostKey: sshd.hostKey, identityFile: sshd.identityFile },
        confirmTimeout: 100,
    });
    stack.liveIn(operator);
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    for (const { name } of team) {
        await lab.node(name as "alice").wgQuickUp(configs[name]!, lab.interface(name), privateKeyOf(name));
    }
    await lab.node("bob").udpEcho(7);
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

const pending = (): boolean => existsSync(join(stack.place("etc"), "pending"));
const addresses = async (): Promise<string[]> => [...(await livePeers(relay, device)).keys()];

it("rolls a change back at once that cuts off a connected peer, and names it", async () => {
    const probe = await lab.node("alice").probe("10.8.0.3", 7);
    // Something on the machine reacts to the new route: it no longer lets Bob in, nor anybody to the service.
    const cut = `add table ip cut
add chain ip cut in { type filter hook input priority -300; }
add rule ip cut in ip saddr ${lab.node("bob").place.wan} udp dport 51820 drop
add rule ip cut in tcp dport 8443 drop`;
    sshd.interpose(
        "ip",
        `case "$*" in "route replace ${ROUTE}"*) printf '${cut.replaceAll("\n", "\\n")}\\n' | nft -f - ;; esac`,
    );
    stack.declare({ peers: [alice!, bob!, { ...carol!, routes: [ROUTE] }] });
    const text = await stack.fail(["up", "--yes", "--skip-preview"]);
    sshd.restore();
    expect(text).toMatch(
        /: bob \(10\.8\.0\.3\) and service notes lost the connection because of this change, which was rolled back at once;/,
    );
    expect(stack.log().findLast(({ status }) => status === "failure")).toMatchObject({
        action: "peers_apply_error",
        message: expect.stringContaining("bob (10.8.0.3) and service notes lost the connection"),
    });
    // A hundred seconds before its timer would have.
    expect(pending()).toBe(false);
    expect(await relay.run(["ip", "route", "show", "dev", device])).not.toContain(ROUTE);
    await relay.run(["nft", "delete", "table", "ip", "cut"]);
    await probe.passes(200);
    await probe.stop();
});

it("takes a route back at once under which another peer would be answered through the tunnel", async () => {
    const probe = await lab.node("alice").probe("10.8.0.3", 7);
    const over = `${lab.node("bob").place.wan}/32`;
    stack.declare({ peers: [alice!, bob!, { ...carol!, routes: [over] }] });
    expect(await stack.fail(["up", "--yes", "--skip-preview"])).toMatch(
        /: bob \(10\.8\.0\.3\) lost the connection because of this change, which was rolled back at once;/,
    );
    expect(pending()).toBe(false);
    expect(await relay.run(["ip", "route", "show", "dev", device])).not.toContain(lab.node("bob").place.wan);
    await probe.passes(200);
    await probe.stop();
});

it("confirms the same change when it cuts off no peer, whether they go on sending or not, and loses no packet", async () => {
    const probe = await lab.node("alice").probe("10.8.0.3", 7);
    // Just before the change Carol sends something that is not answered, and is silent from then on: the relay has to ask it.
    if (SLOW) await lab.node("carol").run(["sh", "-c", 'printf "%s" "$1" | nft -f -', "nft", SILENT]);
    const datagram = `ip netns exec ${lab.node("carol").namespace} bash -c 'printf . > /dev/udp/10.8.0.1/9'`;
    sshd.interpose("nft", `case "$*" in "list set "*seen4) ${datagram}; sleep 0.2;; esac`);
    stack.declare({ peers: [alice!, bob!, { ...carol!, routes: [ROUTE] }] });
    await stack.up();
    sshd.restore();
    expect(stack.log().map(({ action, message }) => `${action}: ${message}`)).toContainEqual(
        expect.stringMatching(
            /^rollback: A change that cut off the peer at 10\.8\.0\.3, service notes was rolled back on /,
        ),
    );
    expect(await relay.run(["ip", "route", "show", "dev", device])).toContain(ROUTE);
    // Chains next: networks behind the relay.
    stack.declare({ routes: ["192.168.50.0/24"] });
    await stack.up();
    const { sent, lost } = await probe.stop();
    expect({ lost, enough: sent > 2000 }).toEqual({ lost: 0, enough: true });
    await stack.refresh("--expect-no-changes");
});

it("refuses a route over the address that the operator comes from, before anything is changed", async () => {
    stack.declare({ peers: [{ ...alice!, routes: [`${operator.place.wan}/32`] }, bob!, carol!] });
    const text = await stack.fail(["up", "--yes", "--skip-preview"]);
    expect(text).toMatch(
        /peers\.alice\.routes: 198\.51\.100\.66\/32 contains 198\.51\.100\.66, where this program connects from: .*; declare a smaller network/,
    );
    expect(pending()).toBe(false);
    expect(await relay.run(["ip", "route", "get", operator.place.wan!])).not.toContain(device);
    // Where the relay itself is, a preview knows too.
    stack.declare({ peers: [{ ...alice!, routes: [`${relay.place.wan}/32`] }, bob!, carol!] });
    expect(await stack.fail(["preview"])).toContain(
        "peers.alice.routes: 198.51.100.2/32 contains 198.51.100.2, the relay's own address: the relay would answer it through the tunnel and be cut off; declare a smaller network",
    );
    stack.declare({ peers: [alice!, bob!, carol!] });
    await stack.up();
});

it("rolls an unconfirmed change back although its timer was killed", async () => {
    sshd.interpose("ip", `case "$*" in "route replace ${ROUTE}"*) nft '${SHUT}' ;; esac`);
    stack.declare({ peers: [{ ...alice!, routes: [ROUTE] }, bob!, carol!], confirmTimeout: 40 });
    await stack.fail(["up", "--yes", "--skip-preview"]);
    sshd.restore();
    expect(pending()).toBe(true);
    const timer = join(stack.place("run"), "rollback.pid");
    await relay.run(["kill", "-KILL", readFileSync(timer, "utf8").trim()]);
    // Written last: what waited is gone before the wire is as it was.
    await eventually(() => existsSync(join(stack.place("etc"), "rolled-back")));
    expect(await relay.run(["ip", "route", "show", "dev", device])).not.toContain(ROUTE);
    await relay.run(["nft", "delete", "table", "ip", "shut"]);
    stack.declare({ peers: [alice!, bob!, carol!], confirmTimeout: 100 });
    await stack.up("--refresh");
    // Sealed by the next operation on the relay.
    expect(readFileSync(join(stack.place("etc"), "journal"), "utf8")).toContain(
        "\tprocess_restart\tname=rollback timer",
    );
});

it("boots into what a rollback leads to when the machine goes down unconfirmed, and keeps removed peers out", async () => {
    sshd.interpose("ip", `case "$*" in "route replace ${ROUTE}"*) nft '${SHUT}' ;; esac`);
    stack.declare({ peers: [{ ...alice!, routes: [ROUTE] }, bob!] });
    const text = await stack.fail(["up", "--yes", "--skip-preview"]);
    sshd.restore();
    expect(text).toMatch(
        /the change was made, but could not be confirmed over a new connection \(it cannot be reached \([^;]*\)\); wait: the relay rolls back within 100 s, and removed peers stay removed/,
    );
    expect(pending()).toBe(true);
    expect(await addresses()).toEqual([`10.8.0.2/32,${ROUTE}`, "10.8.0.3/32"]);

    await reboot(relay, { etc: stack.place("etc"), run: stack.place("run"), interface: device });
    expect(pending()).toBe(false);
    expect(await addresses()).toEqual(["10.8.0.2/32", "10.8.0.3/32"]);
    expect(await relay.run(["ip", "route", "show", "dev", device])).not.toContain(ROUTE);
    const elements = await relay.run(["nft", "list", "ruleset"]);
    expect(elements).not.toContain("10.8.0.4 .");

    await stack.up();
    expect(stack.log().map(({ message }) => message)).toContainEqual(
        expect.stringContaining("A change that was not confirmed was rolled back on"),
    );
    expect(stack.log().findLast(({ action }) => action === "peer_remove")?.details).toMatchObject({
        name: "carol",
        removed_first: true,
        proof: { key_absent_from: expect.arrayContaining([`interface ${device}`, "peers"]) },
    });
    expect(await addresses()).toEqual([`10.8.0.2/32,${ROUTE}`, "10.8.0.3/32"]);
    await stack.refresh("--expect-no-changes");
});

it("rolls back a change that cuts the operator off, and does not restore a peer that was revoked with it", async () => {
    stack.declare({
        peers: [alice!, bob!, { name: "dora", publicKey: withKeys("dora")[0]!.publicKey }],
        confirmTimeout: 10,
    });
    await stack.up();
    // Every other connection comes from an address that the relay has not seen while the change was planned.
    await operator.run(["ip", "address", "add", `${SECOND_ADDRESS}/24`, "dev", "wan"]);
    const sources = `{ 0 : ${operator.place.wan}, 1 : ${SECOND_ADDRESS} }`;
    const nat = [
        "table ip alternate {",
        "chain post {",
        "type nat hook postrouting priority srcnat",
        `ip daddr ${relay.place.wan} tcp dport 22 snat to numgen inc mod 2 map ${sources}`,
        "}",
        "}",
        "",
    ].join("\n");
    await operator.run(["nft", "-f", "-"], { input: nat });
    stack.declare({ peers: [{ ...alice!, routes: [`${SECOND_ADDRESS}/32`] }, bob!] });
    const text = await stack.fail(["up", "--yes", "--skip-preview"]);
    expect(text).toMatch(/could not be confirmed over a new connection|was not confirmed in time and was rolled back/);
    await operator.run(["nft", "delete", "table", "ip", "alternate"]);

    await eventually(() => existsSync(join(stack.place("etc"), "rolled-back")));
    expect(await addresses()).toEqual(["10.8.0.2/32", "10.8.0.3/32"]);
    expect(await relay.run(["ip", "route", "get", SECOND_ADDRESS])).not.toContain(device);

    stack.declare({ peers: [alice!, bob!] });
    await stack.up("--refresh");
    expect(stack.log().filter(({ action }) => action === "rollback")).toHaveLength(5);
    expect(await addresses()).toEqual(["10.8.0.2/32", "10.8.0.3/32"]);
    await stack.refresh("--expect-no-changes");
});

/** For Carol with SLOW=1: it does not refuse either, so that WireGuard alone answers, after ten seconds. */
const SILENT = `table inet silent {
chain out {
type filter hook output priority 0
icmp type { echo-reply, destination-unreachable } drop
}
}
`;

/** Until it is so: the rollback's own clock decides when. */
async function eventually(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 100));
}
