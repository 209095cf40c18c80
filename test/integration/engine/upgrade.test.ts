import { existsSync } from "node:fs";
import { tableName } from "../../../core/names.js";
import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { revive } from "../../lab/recorded.js";
import type { Stack } from "../../lab/stack.js";
import { livePeers, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

let lab: Lab<keyof typeof TOPOLOGY>;
let relay: LabNode, alice: LabNode, bob: LabNode;
let stack: Stack;
let echo: Server;

beforeAll(async () => {
    lab = await Lab.create("upgrade");
    [relay, alice, bob] = [lab.node("relay"), lab.node("alice"), lab.node("bob")];
    echo = await bob.udpEcho(7);
    stack = await revive("relay-0.1.0", relay, lab.interface("relay"));
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    for (const node of [alice, bob]) await node.wgQuickUp(configs[node.name]!, lab.interface(node.name));
});

afterAll(async () => {
    await echo?.stop();
    lab?.close();
    stack?.close();
});

/** What a relay of 0.1.0 lacks, and nothing else. */
const IMPROVED = [
    "relay-ca-ecdsa-p256: create ",
    "relay-ca: update version",
    "relay-proxy: update configuration services.notes.certificate",
];

it("plans for a relay of 0.1.0 what it lacks, finds no drift on it, and changes it without a packet lost", async () => {
    const probe = await alice.probe("10.8.0.3", 7, 500, 20_000);
    const old = await trusted();
    const before = await livePeers(relay, stack.declared.interface);
    expect(before.size).toBe(3);
    const plan = await stack.plan();
    expect(planned(plan)).toStrictEqual(IMPROVED);
    expect(plan.words["relay-proxy"]).toEqual(
        expect.arrayContaining([
            expect.stringMatching(/^relay: service notes gets a P-256 certificate .* same certificate as before$/),
            expect.stringMatching(/^relay: the proxy reloads its configuration: .* all others continue$/),
        ]),
    );
    await stack.refresh();
    expect(planned(await stack.plan())).toStrictEqual(IMPROVED);

    const [erin] = withKeys("erin").map(({ name, publicKey }) => ({ name, publicKey }));
    stack.declare({ peers: [...stack.declared.peers, erin!] });
    await stack.up();
    const after = await livePeers(relay, stack.declared.interface, before);
    expect([...after.values()].map(({ publicKey }) => publicKey)).toContain(erin!.publicKey);
    const sessions = (peers: typeof after): unknown =>
        [...peers]
            .filter(([address]) => before.has(address))
            .map(([address, { publicKey, presharedKey }]) => [address, publicKey, presharedKey]);
    expect(sessions(after)).toStrictEqual(sessions(before));
    expect(await probe.stop()).toMatchObject({ lost: 0, outages: [] });
    expect(planned(await stack.plan())).toStrictEqual([]);
    // Whoever trusts the old certificate of the authority goes on to do so, and so does who gets the new one.
    const reissued = await trusted();
    expect(reissued.shown).toEqual({ ...old.shown, "notes.p256": expect.anything() as unknown });
    expect(reissued.ca).not.toBe(old.ca);
    const asked = { address: "10.8.0.1", port: 8443 };
    for (const { ca } of [old, reissued]) expect((await alice.https({ ...asked, ca })).protocol).toBe("TLSv1.3");
    // A browser accepts no Ed25519, and trusts the other of the two authorities that are handed out.
    const browser = { ...asked, ca: reissued.ca, sigalgs: "ecdsa_secp256r1_sha256" };
    expect((await alice.https(browser)).protocol).toBe("TLSv1.3");
});

it("has it guard itself from its next change on", async () => {
    const table = tableName({ appName: "qp-tunnel", interface: stack.declared.interface });
    const rules = await relay.run(["nft", "-s", "-t", "list", "table", "inet", table]);
    await relay.run(["nft", "flush", "ruleset"]);
    const back = `until [ "$(nft -s -t list table inet ${table} 2>/dev/null)" = "$1" ]; do sleep 0.1; done`;
    await relay.run(["timeout", "60", "bash", "-c", back, "await", rules.trim()], { timeout: 70_000 });
});

it("destroys it clean", async () => {
    await stack.destroy();
    expect(await relay.run(["ip", "-o", "link"])).not.toContain(stack.declared.interface);
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
    expect(existsSync(stack.place("etc"))).toBe(false);
});

/** The authority that clients are told to trust, and the certificate that the service has. */
async function trusted(): Promise<{ ca: string; shown: Record<string, unknown> }> {
    const { caCertificate } = await stack.outputs<{ caCertificate: string }>();
    const { certificates } = (await stack.state())["relay-proxy"]!.outputs;
    return { ca: caCertificate, shown: certificates as Record<string, unknown> };
}

/** Changes but those that the calendar asks for: the recorded certificates age. */
function planned({ steps }: Awaited<ReturnType<Stack["plan"]>>): string[] {
    const found = Object.entries(steps).flatMap(([name, { op, detailedDiff }]) => {
        const changes = Object.keys(detailedDiff ?? {}).filter((path) => !/^certificates\..*renew/.test(path));
        const byCalendar = Object.keys(detailedDiff ?? {}).length > 0 && changes.length === 0;
        return byCalendar || (name === "relay-audit" && op === "update" && Object.keys(steps).length > 1)
            ? []
            : [`${name}: ${op} ${changes.join(" ")}`];
    });
    return found.sort();
}
