import { HostUnreachable } from "../../../../core/errors.js";
import { renderRights } from "../../../../core/access/rightsText.js";
import { connect, Machine } from "../../providers/hosts/machine.js";
import { KEYS } from "../../providers/resources/relays.js";
import { relayTable, ACCESS } from "../../core/flows/relays.js";
import { rightsOf } from "../../../../core/access/rights.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();
let machine: Machine;
let state: string;

const OWN = { relay: { address: "10.8.0.1" }, peers: fourOnly(), services: ACCESS.services, grants: ACCESS.grants };

function fourOnly() {
    return Object.fromEntries(
        Object.entries(ACCESS.peers).map(([name, { address, routes = [] }]) => [name, { address, routes }]),
    );
}

beforeEach(() => {
    machine = Object.assign(new Machine(), { owner: "shop/dev/relay" });
    connect(machine);
    const keys: Record<string, string> = { alice: KEYS.alice, bob: KEYS.bob, nas: KEYS.carol };
    const peers = Object.fromEntries(
        Object.entries(OWN.peers).map(([name, peer]) => [name, { ...peer, publicKey: keys[name] }]),
    );
    const place = { relay: "relay", appName: "corp", interface: "wg0", host: machine.host };
    const urn = (type: string): string => `urn:pulumi:dev::shop::qptunnel:index:Relay$qptunnel:index:${type}::relay`;
    const registry = Object.fromEntries(
        Object.entries(peers).map(([name, peer]) => [name, { ...peer, status: "active" }]),
    );
    const resources = [
        {
            urn: "urn:pulumi:dev::shop::qptunnel:index:Relay::relay",
            type: "qptunnel:index:Relay",
            outputs: { rights: renderRights(rightsOf(OWN)) },
        },
        {
            ...{ urn: urn("WireGuard"), type: "qptunnel:index:WireGuard", outputs: { registry } },
            inputs: {
                ...place,
                peers,
                publicKeys: {},
                address: "10.8.0.1",
                audit: { project: "shop", stack: "dev", path: "x" },
            },
        },
    ];
    state = scratch.write("state.json", JSON.stringify({ version: 3, deployment: { resources } }));
    answering(relayTable(OWN));
});

/** The relay's answer: its table, under the name that it has there. */
function answering(objects: object[]): void {
    const nft = JSON.stringify({ nftables: objects })
        .replaceAll('"table":"qp"', '"table":"corp_wg0"')
        .replace('"name":"qp"', '"name":"corp_wg0"');
    const peer = (key: string, allowedIps: string): string => `${key}\t(none)\t(none)\t${allowedIps}\t0\t0\t0\toff\n`;
    machine.says.status = () => ({
        status: "time\t1764072000\ntable\t1\n",
        host: "machine\tm\n",
        ours: "interface\twg0\t51820\nsubnet\t10.8.0.0/24\n",
        interfaces: `wg0\t51820\t1\t${KEYS.dave}\n`,
        "network.wg0": "address 10.8.0.1/24\n",
        "dump.wg0": `(none)\t${KEYS.dave}\t51820\toff\n${peer(KEYS.alice, "10.8.0.2/32")}${peer(KEYS.bob, "10.8.0.3/32")}${peer(KEYS.carol, "10.8.0.4/32,192.168.7.0/24")}`,
        nft,
    });
}
const live = (...args: string[]) => run("access", "--live", "--state", state, ...args);

it("says that a relay lets through what its program allows", async () => {
    expect(await live()).toEqual({ code: 0, stderr: "", stdout: "relay: what passes is what the program allows\n" });
});

it("names what only the relay has, with a packet, as a table and as JSON", async () => {
    const element = { concat: ["10.8.0.3", "10.8.0.2", "tcp", 5432] };
    answering(
        relayTable(OWN).map((object) => {
            const { set } = object as { set?: { name: string; elem: object[] } };
            return set?.name === "acl4" ? { set: { ...set, elem: [...set.elem, element] } } : object;
        }),
    );
    const { code, stdout } = await live();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^relay\n\n {2}DIFFERENCE +FROM +TO +PORTS +BECAUSE OF +PACKET\n/);
    expect(stdout).toMatch(
        /passes, not allowed {2}bob +alice +tcp\/5432 .*\(element 10\.8\.0\.3 \. 10\.8\.0\.2 \. tcp \. 5432\) +tcp 10\.8\.0\.3:40000 > 10\.8\.0\.2:5432\n/,
    );
    const json = JSON.parse((await live("--json")).stdout) as { relays: object[] };
    expect(json.relays).toMatchObject([
        { relay: "relay", equal: false, differences: [{ kind: "extra", from: "bob", to: "alice" }] },
    ]);
});

it("exits with 2 where a relay does not answer", async () => {
    machine.unreachable = new HostUnreachable("there", "it is off", "switch it on");
    expect(await live()).toEqual({
        code: 2,
        stderr: "",
        stdout: "relay: it cannot be compared: there: it is off; switch it on\n",
    });
});

it.each([
    [
        ["--from", "alice"],
        "error: --live: cannot be combined with --from; leave one of them out: it compares everything\n",
    ],
    [["--timeout", "0"], "error: --timeout: 0 must be an integer ≥ 1; give one\n"],
])("%j is wrong usage, and asks no relay", async (args, stderr) => {
    expect(await live(...args)).toEqual({ code: 2, stdout: "", stderr });
    expect(machine.steps).toEqual([]);
});
