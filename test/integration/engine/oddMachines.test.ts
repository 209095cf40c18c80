import { existsSync } from "node:fs";

import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { reasons, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const [alice] = withKeys("alice") as [ReturnType<typeof withKeys>[number]];

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;

beforeAll(async () => {
    lab = await Lab.create("odd");
    relay = lab.node("relay");
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        peers: [{ name: "alice", publicKey: alice.publicKey }],
        services: [{ name: "wiki", upstream: "127.0.0.1:3000", allow: ["alice"] }],
    });
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("refuses a machine whose kernel settings cannot be changed before anything is, and names them all", async () => {
    // As in a container: whatever the engine starts sees /proc/sys read-only.
    stack.interpose(
        "bash",
        'if [ -z "$READ_ONLY_SYSCTLS" ]; then export READ_ONLY_SYSCTLS=1; exec unshare -m sh -c \'mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec bash "$@"\' bash "$@"; fi',
    );
    await setDefaults({ forwarding: 0, rp_filter: 1, send_redirects: 1 });
    const text = await stack.fail(["up", "--yes", "--skip-preview"]);
    expect(reasons(text)).toEqual([
        `namespace ${relay.namespace} of this machine: kernel settings cannot be changed here: /proc/sys is read-only, as in a container; set net.ipv4.conf.default.forwarding=1 net.ipv4.conf.default.rp_filter=2 net.ipv4.conf.default.send_redirects=0 net.ipv4.conf.all.send_redirects=0 where the machine is started (docker run --sysctl KEY=VALUE), or make /proc/sys writable`,
    ]);
    expect(existsSync(stack.place("etc"))).toBe(false);
    expect(await relay.run(["ip", "-o", "link"])).not.toContain(stack.declared.interface);
});

it("needs to change none where they are right, and brings up a loopback that is down", async () => {
    await setDefaults({ forwarding: 1, rp_filter: 2, send_redirects: 0 });
    await relay.run(["ip", "link", "set", "dev", "lo", "down"]);
    // The service is probed over TLS at the end, which needs the loopback.
    await stack.up();
    expect(await relay.run(["ip", "-o", "link", "show", "dev", "lo"])).toContain("UP");
    await stack.refresh("--expect-no-changes");
    stack.restore();
});

it("tells peers the IPv6 address of a machine that has no other, and says when there is none", async () => {
    await stack.destroy();
    for (const family of ["-4", "-6"]) await relay.run(["ip", family, "address", "flush", "scope", "global"]);
    expect(reasons(await stack.fail(["up", "--yes", "--skip-preview"]))).toContain(
        "endpoint: is missing, and the relay's machine has no address that peers could use; give the Relay `endpoint`: the host or host:port that peers connect to",
    );
    await relay.run(["ip", "-6", "address", "add", "2001:db8::7/64", "dev", "wan", "nodad"]);
    await stack.up("--refresh");
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    expect(configs["alice"]).toContain("Endpoint = [2001:db8::7]:51820\n");
});

/** What a new interface of the relay's machine has. */
async function setDefaults(values: Record<string, number>): Promise<void> {
    await relay.run(["sysctl", "-qw", `net.ipv4.conf.all.send_redirects=${values["send_redirects"]}`]);
    for (const [name, value] of Object.entries(values)) {
        await relay.run(["sysctl", "-qw", `net.ipv4.conf.default.${name}=${value}`]);
    }
}
