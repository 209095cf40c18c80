import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { reboot } from "../../lab/reboot.js";
import { Stack } from "../../lab/stack.js";
import { spoken, withKeys } from "./fixtures.js";

// Networks behind a relay on both of its sides: peers reach them, and the machine is no router for anybody else.

jest.setTimeout(300_000);

const LAN = "192.168.50.0/24";
const BEYOND = "203.0.113.0/24";
const LAN6 = "fd50:0:0:1::/64";
const team = withKeys("alice");
const GRANTS = [LAN, BEYOND, LAN6].map((network) => ({ from: "alice", to: { network }, ports: ["udp/5353"] }));

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode, alice: LabNode, outside: LabNode, lanhost: LabNode;
const heard: Server[] = [];

beforeAll(async () => {
    lab = await Lab.create("forwarding");
    [relay, alice, outside, lanhost] = (["relay", "alice", "outside", "lanhost"] as const).map((name) =>
        lab.node(name),
    ) as [LabNode, LabNode, LabNode, LabNode];
    await addresses(relay, "wan fd50:0:0:2::2/64", "lan fd50:0:0:1::1/64");
    await addresses(outside, "wan fd50:0:0:2::66/64", "lo 203.0.113.5/32");
    await addresses(lanhost, "lan fd50:0:0:1::10/64");
    await relay.routeTo(BEYOND, "198.51.100.66");
    // Who knows what is behind the relay sends it there.
    await outside.routeTo(LAN, "198.51.100.2");
    await outside.routeTo(LAN6, "fd50:0:0:2::2");
    await lanhost.routeTo("198.51.100.0/24", "192.168.50.1");
    await lanhost.routeTo(BEYOND, "192.168.50.1");
    await lanhost.routeTo("fd50:0:0:2::/64", "fd50:0:0:1::1");
    // Each answers from the address that it is asked by.
    const servers: [LabNode, string[]][] = [
        [lanhost, ["192.168.50.10", "fd50:0:0:1::10"]],
        [outside, ["198.51.100.66", "203.0.113.5"]],
    ];
    for (const [node, own] of servers) for (const address of own) heard.push(await node.udpEcho(5353, address));
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        subnet6: "fd10:8::/64",
        peers: team.map(({ name, publicKey }) => ({ name, publicKey })),
        routes: [LAN, BEYOND, LAN6],
        grants: GRANTS,
    });
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

describe("on a machine that is no router", () => {
    let before: string;

    test("the preview says which networks are forwarded to, and for whom", async () => {
        before = await sysctls();
        expect(spoken(await stack.preview())).toContain(
            `relay: enables forwarding on the interfaces to ${LAN}, ${BEYOND} and ${LAN6}, for tunnel connections only; other traffic is forwarded there only if the machine did so before`,
        );
    });

    test("peers reach the networks; hosts on either side reach each other neither before nor with the relay", async () => {
        await expectNoRouter();
        await stack.up();
        await connect();
        await expectPeerReaches();
        await expectNoRouter();
        expect((await stack.plan()).changeSummary).toEqual({ same: expect.any(Number) as number });
    });

    test("nor after a reboot, and then it still knows how the machine was", async () => {
        await reboot(relay, { etc: stack.place("etc"), run: stack.place("run"), interface: lab.interface("relay") });
        await expectPeerReaches();
        await expectNoRouter();
    });

    test("nor after its table was loaded again", async () => {
        await relay.run([
            "bash",
            `${stack.place("etc")}/program`,
            "reload-firewall",
            stack.place("etc"),
            stack.place("run"),
        ]);
        await expectNoRouter();
        await expectPeerReaches();
    });

    test("an interface that no network needs any more forwards as before", async () => {
        stack.declare({ routes: [LAN], grants: GRANTS.slice(0, 1) });
        expect(spoken(await stack.up())).toContain(
            `relay: no longer forwards to ${BEYOND} and ${LAN6}; on interfaces that no other network needs, forwarding is restored to its previous setting`,
        );
        expect(await relay.run(["sysctl", "-n", "net.ipv4.conf.wan.forwarding"])).toBe("0\n");
        await expectNoRouter();
        expect(await alice.udp("192.168.50.10", 5353)).toBe("open");
    });

    test("destroy leaves every value as it was", async () => {
        await stack.destroy();
        expect(await sysctls()).toBe(before);
        await expectNoRouter();
    });
});

test("a machine that was a router before is one with the relay and after it", async () => {
    await relay.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
    const before = await sysctls();
    await expectRouter();
    stack.declare({ routes: [LAN, BEYOND, LAN6], grants: GRANTS });
    await stack.up();
    await expectRouter();
    await stack.destroy();
    expect(await sysctls()).toBe(before);
    await expectRouter();
    await relay.run(["sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0"]);
});

async function connect(): Promise<void> {
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    await alice.wgQuickUp(configs.alice!, lab.interface("alice"), team[0]!.privateKey);
}

/** As soon as the tunnel is there. */
async function expectPeerReaches(): Promise<void> {
    const until = Date.now() + 60_000;
    while (!(await alice.ping("10.8.0.1")) && Date.now() < until);
    const addresses = ["192.168.50.10", "203.0.113.5", "fd50:0:0:1::10"];
    expect(await Promise.all(addresses.map((address) => alice.udp(address, 5353)))).toEqual(["open", "open", "open"]);
}

/** Not even one packet arrives. */
async function expectNoRouter(): Promise<void> {
    const count = (): number => heard.reduce((sum, { program }) => sum + program.messages.length, 0);
    const quiet = count();
    expect(await strangers()).toEqual(["timeout", "timeout", "timeout", "timeout"]);
    expect(count()).toBe(quiet);
}

async function expectRouter(): Promise<void> {
    expect(await strangers()).toEqual(["open", "open", "open", "open"]);
}

function strangers(): Promise<string[]> {
    return Promise.all(
        [
            [outside, "192.168.50.10"] as const,
            [outside, "fd50:0:0:1::10"] as const,
            [lanhost, "198.51.100.66"] as const,
            [lanhost, "203.0.113.5"] as const,
        ].map(async ([node, address]) => {
            const reach = await node.udp(address, 5353, { timeout: 700 });
            return reach === "unreachable" ? "timeout" : reach;
        }),
    );
}

/** Everything that concerns packets, of interfaces that are there with and without a relay. */
async function sysctls(): Promise<string> {
    const all = await relay.run(["sysctl", "-a", "--pattern", "^net\\.ipv[46]\\.(conf|ip_forward)"]);
    const lines = all.split("\n").filter((line) => !/stable_secret/.test(line));
    return lines.sort().join("\n");
}

async function addresses(node: LabNode, ...added: string[]): Promise<void> {
    for (const text of added) {
        const [device, address] = text.split(" ") as [string, string];
        await node.run(["ip", "address", "add", address, "dev", device, ...(address.includes(":") ? ["nodad"] : [])]);
    }
}
