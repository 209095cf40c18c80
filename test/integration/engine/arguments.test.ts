import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { reasons, spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

/** Arguments that other resources supply: unknown in the preview that creates these, and checked when they are known. */
const peers = withKeys("alice", "bob").map(({ name, publicKey }) => ({ name, publicKey }));
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;

beforeAll(async () => {
    lab = await Lab.create("arguments");
    relay = lab.node("relay");
    stack = await Stack.create({ namespace: relay.namespace, interface: lab.interface("relay"), peers });
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

function grant(ports: unknown): void {
    const grants = [{ from: "alice", to: "bob", ports: [ports, "tcp/22"] }] as never;
    stack.declare({ grants });
}

it("previews what is known, says what is not, and applies all of it", async () => {
    stack.declare({ dns: [{ unknown: "9.9.9.9" }], keepalive: { unknown: 15 }, endpoint: { unknown: "192.0.2.7" } });
    grant({ unknown: "tcp/8080" });
    const said = spoken(await stack.preview());
    expect(said).toContain("relay: alice will be added at 10.8.0.2");
    expect(said).toContain(
        "relay: the access rules are not known before the update: other resources supply values in them",
    );
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    expect(configs["alice"]).toMatch(/^DNS = 9\.9\.9\.9$/m);
    expect(configs["alice"]).toMatch(/^Endpoint = 192\.0\.2\.7:51820$/m);
    const ruleset = await relay.run(["nft", "list", "ruleset"]);
    expect(ruleset).toMatch(/10\.8\.0\.2 \. 10\.8\.0\.3 \. tcp \. 8080/);
    await stack.preview("--expect-no-changes");
});

it("says nothing of rules that stay as they were, and keeps them while another peer goes", async () => {
    stack.declare({ peers: [...peers, ...withKeys("carol").map(({ name, publicKey }) => ({ name, publicKey }))] });
    await stack.up();
    stack.declare({ peers });
    await stack.up();
    expect(await relay.run(["nft", "list", "ruleset"])).toMatch(/10\.8\.0\.2 \. 10\.8\.0\.3 \. tcp \. 8080/);
    await stack.preview("--expect-no-changes");
});

const LAN = "192.168.7.0/24";
const EXPIRES = "2099-01-01T00:00:00Z";
const [dora] = withKeys("dora").map(({ name, publicKey }) => ({ name, publicKey }));
const alice = peers[0]!;
const nas = { ...peers[1]!, name: "nas" };
/** What nothing may say because of a value that is not known. */
const LOSS = /no longer|cut off|closes|(?:is|are|be) removed/;

/** A relay in which `say` supplies what other resources may. */
function declareSupplied(say: (value: unknown) => unknown): void {
    stack.declare({
        peers: [{ ...alice, expires: say(EXPIRES) }, { ...nas, routes: [say(LAN)] }, say(dora) as never],
        grants: [{ from: "alice", to: { peer: "nas", network: say(LAN) }, ports: ["tcp/22"] }] as never,
        ...{ mtu: say(1400), routes: say(["192.168.60.0/24"]), dns: "9.9.9.9", keepalive: 15, endpoint: "192.0.2.7" },
    });
}

it("previews peers of which something is not known, and applies all of it", async () => {
    declareSupplied((value) => ({ unknown: value, of: "second" }));
    const said = spoken(await stack.preview());
    expect(said).toEqual(
        expect.arrayContaining([
            "relay: when alice expires is not known before the update: another resource supplies it",
            "relay: the networks behind nas are not known before the update: another resource supplies them",
            "relay: which other peers there are is not known before the update: another resource supplies a list of them; until then none of them is added or removed",
            "relay: the networks behind the relay are not known before the update: another resource supplies them",
            "relay: the access rules are not known before the update: other resources supply values in them",
        ]),
    );
    expect(said.filter((sentence) => LOSS.test(sentence))).toEqual([]);
    await stack.up();
    const { registry } = await stack.outputs<{ registry: Record<string, { status: string }> }>();
    expect(registry["dora"]).toMatchObject({ status: "active" });
    expect(await relay.run(["nft", "list", "ruleset"])).toMatch(/10\.8\.0\.2 \. 192\.168\.7\.0\/24 \. tcp \. 22/);
    await stack.preview("--expect-no-changes");
    // The same values mean nothing for the relay, plain or known in the preview; the component registers those that are plain.
    declareSupplied((value) => value);
    expect(spoken(await stack.preview())).toEqual([]);
    declareSupplied((value) => ({ output: value }));
    expect(spoken(await stack.preview())).toEqual([]);
});

it("says nothing of a removal because a value is not known again", async () => {
    declareSupplied((value) => ({ unknown: value, of: "third" }));
    const said = spoken(await stack.preview());
    expect(said).toContain("relay: when alice expires is not known before the update: another resource supplies it");
    expect(said.filter((sentence) => LOSS.test(sentence))).toEqual([]);
    await stack.up();
    await stack.preview("--expect-no-changes");
});

it("plans for a supplied value what it plans for a plain one", async () => {
    const changed = (say: (value: unknown) => unknown): Promise<string> => {
        const [expires, behind] = ["2098-01-01T00:00:00Z", "192.168.8.0/24"].map(say);
        stack.declare({
            peers: [
                { ...alice, expires },
                { ...nas, routes: [behind] },
            ],
            grants: [{ from: "alice", to: { peer: "nas", network: behind }, ports: ["tcp/22"] }] as never,
            ...{ mtu: say(1380), routes: [] },
        });
        return stack.preview();
    };
    const plainly = spoken(await changed((value) => value));
    expect(plainly.filter((sentence) => LOSS.test(sentence)).length).toBeGreaterThan(0);
    expect(spoken(await changed((value) => ({ output: value })))).toEqual(plainly);
});

it("refuses a network that two peers have, once it is known", async () => {
    stack.declare({
        peers: [
            { ...alice, routes: { output: [LAN] } },
            { ...nas, routes: ["192.168.0.0/16"] },
        ],
        grants: [],
    });
    expect(reasons(await stack.fail(["preview"])).join("\n")).toContain(`"${LAN}" overlaps "192.168.0.0/16" of "nas"`);
    stack.declare({ peers });
});

it("refuses a value that turns out to be invalid, by its argument", async () => {
    grant({ output: "8080" });
    expect(reasons(await stack.fail(["preview"])).join("\n")).toContain(
        'grants[0].ports[0]: "8080" is not a port, a range or a protocol; add the protocol: "tcp/8080" or "udp/8080"',
    );
});
