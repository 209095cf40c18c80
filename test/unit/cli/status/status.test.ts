import { HostUnreachable } from "../../../../core/errors.js";
import { connect, Machine } from "../../providers/hosts/machine.js";
import { KEYS } from "../../providers/resources/relays.js";
import { exported } from "../story.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();
let machine: Machine;
let state: string;

beforeEach(() => {
    machine = Object.assign(new Machine(), { owner: "shop/dev/relay" });
    connect(machine);
    const inputs = {
        ...{ appName: "corp", interface: "wg0", host: machine.host, addresses: [], authorities: {}, prefix: 24 },
        ...{
            audit: { project: "shop", stack: "dev", path: "x" },
            peers: { alice: { address: "10.8.0.2", publicKey: KEYS.alice } },
        },
    };
    const registry = { alice: { publicKey: KEYS.alice, address: "10.8.0.2", status: "active" } };
    const text = JSON.parse(exported([], [], { inputs, services: {}, registry })) as {
        deployment: { resources: { type: string }[] };
    };
    // A proxy without services, and no other part: what a refresh compares is tested elsewhere.
    state = scratch.write("state.json", JSON.stringify(text));
    answering(1764071990);
});

/** The relay's answer: alice's last handshake. */
function answering(handshake: number, more = ""): void {
    machine.says.status = () => ({
        status: "time\t1764072000\ntable\t1\ngeneration\t7\n",
        interfaces: `wg0\t51820\t1\t${KEYS.dave}\n`,
        "dump.wg0": `(none)\t${KEYS.dave}\t51820\toff\n${KEYS.alice}\t(none)\t192.0.2.9:1\t10.8.0.2/32\t${handshake}\t5\t6\toff\n${more}`,
    });
}
const status = (...args: string[]) => run("status", "--state", state, ...args);
interface Reported {
    valid: boolean;
    problems: { kind: string; message: string }[];
    relays: { relay: string; reachable: boolean; peers: { name?: string; state: string }[] }[];
}
const json = async (...args: string[]): Promise<[number, Reported]> => {
    const { code, stdout } = await status("--json", ...args);
    return [code, JSON.parse(stdout) as Reported];
};

it("tells of each relay who is connected, in words, as JSON or as metrics", async () => {
    const [, { relays }] = await json();
    expect(relays).toMatchObject([{ relay: "relay", reachable: true, peers: [{ name: "alice", state: "connected" }] }]);
    expect((await status()).stdout).toMatch(/alice +.*connected/);
    expect((await status("--prometheus")).stdout).toMatch(/^# HELP /m);
});

it("a peer that must be connected and is not is a problem", async () => {
    const kinds = async (...args: string[]): Promise<string[]> =>
        (await json(...args))[1].problems.map(({ kind }) => kind);
    const before = await kinds();
    expect(await kinds("--require", "alice")).toEqual(before);
    answering(1764070000);
    const [code, { problems, valid }] = await json("--require", "alice");
    expect([code, valid]).toEqual([1, false]);
    expect(problems.map(({ message }) => message).join()).toContain("alice");
    expect(problems.length).toBe(before.length + 1);
});

it("an unknown peer is a problem, named by its fingerprint", async () => {
    answering(1764071990, `${KEYS.carol}\t(none)\t(none)\t10.8.0.9/32\t0\t0\t0\toff\n`);
    const [code, { problems, relays }] = await json();
    expect(code).toBe(1);
    expect(problems.map(({ kind }) => kind)).toContain("rogue");
    expect(relays[0]?.peers.map(({ state: is }) => is)).toEqual(["connected", "rogue"]);
});

it("a relay that did not answer outweighs everything else: nobody knows how it is", async () => {
    machine.unreachable = new HostUnreachable("there", "it is off", "switch it on");
    const [code, { relays }] = await json();
    expect([code, relays]).toMatchObject([2, [{ reachable: false, problem: "there: it is off; switch it on" }]]);
});

it.each([
    [["--require", "dora"], "error: --require: no relay has a peer dora; see qp-tunnel list\n"],
    [["--relay", "x"], "error: --relay x: the stack has no such relay; its relays are relay; choose one of them\n"],
    [["--timeout", "0"], "error: --timeout: 0 must be an integer ≥ 1; give one\n"],
])("%j is wrong usage, and asks nobody", async (args, stderr) => {
    expect(await status(...args)).toEqual({ code: 2, stdout: "", stderr });
    expect(machine.steps).toEqual([]);
});
