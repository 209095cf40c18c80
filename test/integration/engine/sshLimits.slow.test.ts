import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { startSshd } from "../../lab/sshd.js";
import { Stack } from "../../lab/stack.js";
import { withKeys } from "./fixtures.js";

// A relay whose machine is careful about SSH: a firewall that limits new connections, as ufw's `limit` does, and a server that
// forwards nothing. All of it goes through, with each change confirmed, but for the check of a service, which says what it needs.

jest.setTimeout(300_000);

const team = withKeys("alice", "bob");
const peers = team.map(({ name, publicKey }) => ({ name, publicKey }));

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;

beforeAll(async () => {
    lab = await Lab.create("limits");
    relay = lab.node("relay");
    const settings = ["AllowTcpForwarding no", "AllowStreamLocalForwarding no", "PermitTunnel no", "X11Forwarding no", "AllowAgentForwarding no"]; // prettier-ignore
    const sshd = await startSshd(relay, lab.folder, { settings });
    // ufw: six connections in 30 seconds, and then none for as long as somebody goes on trying.
    const limit = `table ip limited {
    set tried { type ipv4_addr; flags dynamic; timeout 30s; }
    chain in {
        type filter hook input priority -10;
        tcp dport { 22, 2222 } ct state new update @tried { ip saddr limit rate over 12/minute burst 5 packets } counter reject with tcp reset
    }
}
`;
    await relay.run(["nft", "-f", "-"], { input: limit });
    await relay.httpServer(3000, "hello", { address: "127.0.0.1" });
    const access = { address: relay.place.wan, hostKey: sshd.hostKey, identityFile: sshd.identityFile };
    stack = await Stack.create({
        ...{ interface: lab.interface("relay"), ssh: access, peers },
        grants: [{ from: "alice", to: "bob", ports: ["udp/7"] }],
    });
    stack.timeout = 200_000;
    stack.liveIn(lab.node("outside"));
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("makes the relay", async () => {
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    for (const { name, privateKey } of team)
        await lab.node(name as "alice").wgQuickUp(configs[name]!, lab.interface(name), privateKey);
});

it("changes what has to be confirmed, loses no packet by it, and finds the relay healthy", async () => {
    await lab.node("bob").udpEcho(7);
    const probe = await lab.node("alice").probe("10.8.0.3", 7);
    // The chains and the interface at once.
    stack.declare({ routes: ["192.168.50.0/24"], mtu: 1400 });
    await stack.up("--refresh");
    await probe.passes(200);
    expect(await probe.stop()).toMatchObject({ lost: 0, outages: [] });
    await stack.preview("--expect-no-changes");
    await stack.refresh("--expect-no-changes");
});

it("says what the check of a service needs, and has it with that", async () => {
    const { wan } = relay.place;
    stack.declare({ services: [{ name: "notes", upstream: "127.0.0.1:3000", allow: ["alice"] }] });
    expect(await stack.fail(["up", "--yes", "--skip-preview"])).toContain(
        `root@${wan}: its sshd does not forward TCP connections, which the check of a service at 10.8.0.1:8443 needs; set \`AllowTcpForwarding local\` in its sshd_config for root`,
    );
    // The same server, and the same machine, with what that says.
    const port = 2222;
    await startSshd(relay, lab.folder, { port, settings: ["AllowTcpForwarding local"] });
    stack.declare({ ssh: { ...(stack.declared["ssh"] as object), port } });
    await stack.up();
    const { caCertificate: ca } = await stack.outputs<{ caCertificate: string }>();
    const request = { address: "10.8.0.1", port: 8443, ca, servername: "notes.qp-tunnel.internal" };
    expect(await lab.node("alice").https(request)).toMatchObject({ status: 200, body: "hello" });
});

it("destroys it", async () => {
    await stack.destroy();
    expect(await relay.run(["ip", "-o", "link"])).not.toContain(stack.declared.interface);
});
