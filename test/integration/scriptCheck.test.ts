import { rmSync } from "node:fs";
import { formatBundle, parseBundle } from "../../core/protocol/bundle.js";
import { manifest as manifestTable } from "../../core/protocol/steps.js";
import { relayProgram } from "../../providers/hosts/program.js";
import { Lab, type LabNode, type TOPOLOGY } from "../lab/index.js";

// What a script looks at before it changes anything; elsewhere the operator's side looks.

let lab: Lab<keyof typeof TOPOLOGY>;
let relay: LabNode;
let device: string;

beforeAll(async () => {
    lab = await Lab.create("check");
    relay = lab.node("relay");
    device = lab.interface("relay");
    await relay.routeTo("203.0.113.0/24", "192.168.50.10");
});

afterAll(() => {
    lab?.close();
    rmSync(`/run/qp-tunnel-${device}`, { recursive: true, force: true });
});

/** What the step refuses, or "fine". */
async function check(networks: string[], routes: string[] = []): Promise<string> {
    const place = `qp-tunnel-${device}`;
    const manifest = manifestTable.render({
        ...{ step: "check", name: place, etc: `/etc/${place}`, run: `/run/${place}`, owner: "shop/dev/hub" },
        ...{ interface: device, table: "t", services: "0", edition: "2026-01-02T03:04:05.678Z" },
    });
    const lines = (list: string[]): string => list.map((line) => `${line}\n`).join("");
    const input = `${relayProgram()}\n${formatBundle({ manifest, networks: lines(networks), routes: lines(routes) })}`;
    const { stdout, stderr } = await relay.exec(["bash", "-s"], { input });
    const { refused, done } = parseBundle(stdout);
    if (refused === undefined && done === undefined) throw new Error(stdout + stderr);
    return refused?.split("\n")[0] ?? "fine";
}

it("lets through what the machine has no use for", async () => {
    expect(await check(["10.8.0.0/24", "fd12::/64"], ["192.168.7.0/24", "fd34::/48"])).toBe("fine");
    // A wider route of the machine's, such as a provider's 10.0.0.0/8, loses only the part that the tunnel uses.
    expect(await check(["203.0.113.64/26"])).toBe("fine");
});

it.each([
    ["a network it is connected to", "198.51.100.0/24", "198.51.100.0/24 on wan"],
    ["one that holds it", "192.168.0.0/16", "192.168.50.0/24 on lan"],
    ["one it has a route to", "203.0.113.0/24", "203.0.113.0/24 on lan"],
    ["one of its IPv6 networks", "2001:db8:100::/48", "2001:db8:100::/64 on wan"],
])("refuses a tunnel over %s", async (_what, network, taken) => {
    expect(await check([network])).toBe(`the tunnel's network ${network} overlaps ${taken} of this machine`);
});

it.each([
    ["its own address", "198.51.100.0/29", "198.51.100.2"],
    ["its gateway", "192.168.50.8/29", "192.168.50.10"],
    ["its own IPv6 address", "2001:db8:50::/64", "2001:db8:50::1"],
])("refuses a peer's route over %s", async (_what, route, address) => {
    expect(await check(["10.8.0.0/24"], ["192.168.7.0/24", route])).toBe(
        `the route ${route} contains ${address}, which is the address of this machine, of its gateway, or the one that you connect from`,
    );
});
