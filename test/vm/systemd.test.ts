import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tableName } from "../../core/names.js";
import { Lab, type LabNode } from "../lab/index.js";
import { Stack } from "../lab/stack.js";
import { Vm } from "../lab/vm.js";
import { withKeys } from "../integration/engine/fixtures.js";

/** A relay on a Debian with systemd and the kernel's WireGuard, from bare to gone. Each test goes on where the one before ended. */
const PORT = 51820;
/** A network behind a peer: a change that could cut the way to the relay. */
const ROUTE = "10.99.0.0/24";
const TOPOLOGY = {
    relay: { wan: "198.51.100.2" },
    alice: { wan: "198.51.100.11" },
    bob: { wan: "198.51.100.12" },
    outside: { wan: "198.51.100.66" },
};
const team = withKeys("alice", "bob", "carol");
const plain = team.map(({ name, publicKey }) => ({ name, publicKey }));
const privateKeyOf = (name: string): string => team.find((mate) => mate.name === name)!.privateKey;

let lab: Lab<keyof typeof TOPOLOGY>;
let vm: Vm;
let stack: Stack;
let operator: LabNode;
let device: string;

beforeAll(async () => {
    lab = await Lab.create("vm", TOPOLOGY);
    operator = lab.node("outside");
    device = lab.interface("relay");
    vm = await Vm.boot(lab.node("relay"), operator, lab.folder, [PORT]);
    stack = await Stack.create({
        interface: device,
        endpoint: TOPOLOGY.relay.wan,
        peers: plain,
        ssh: access(),
        confirmTimeout: 120,
    });
    stack.timeout = 600_000;
    stack.liveIn(operator);
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

function access(changes: Record<string, unknown> = {}): Record<string, unknown> {
    return { address: TOPOLOGY.relay.wan, hostKey: vm.hostKey, identityFile: vm.identityFile, ...changes };
}

it("is set up from bare, with what its package manager installs", async () => {
    expect((await vm.exec("command -v wg nft ip curl")).stdout).toBe("");
    await stack.up();
    const { "relay-host": host } = await stack.state();
    expect(host?.outputs).toMatchObject({ wireguard: "kernel", supervisor: "systemd" });
    expect((await vm.exec("command -v wireguard-go")).stdout).toBe("");
    expect(await vm.run(`ip -o link show type wireguard dev ${device}`)).toContain(device);
    await stack.refresh("--expect-no-changes");
});

it("serves a peer over post-quantum TLS, from a unit that may do little", async () => {
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    await lab.node("alice").wgQuickUp(configs.alice!, lab.interface("alice"), privateKeyOf("alice"));
    await lab.node("bob").wgQuickUp(configs.bob!, lab.interface("bob"), privateKeyOf("bob"));
    await lab.node("bob").httpServer(3000, "hello");
    stack.declare({
        services: [{ name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] }],
        grants: [{ from: "alice", to: "bob", ports: ["icmp"] }],
    });
    await stack.up();
    await expectService();
    expect(await lab.node("bob").tcp("10.8.0.1", 22)).toBe("timeout");
    const pid = (await vm.run(`systemctl show --property=MainPID --value ${unit("proxy")}`)).trim();
    expect(await vm.run(`grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/${pid}/status`)).toMatch(
        /CapEff:\s+0000000000000400\nNoNewPrivs:\s+1\nSeccomp:\s+2/,
    );
});

it("comes back after a reboot in an order in which nothing is open, and as it was", async () => {
    // Each unit looks around before it begins: what is there then, and what is not.
    const look = `{ nft list table inet ${table()} >/dev/null 2>&1 && echo table; ip link show ${device} >/dev/null 2>&1 && echo interface; } >/run/seen-$1 || true`;
    await vm.run(`printf '#!/bin/sh\n%s\n' '${look}' >/usr/local/bin/look; chmod 755 /usr/local/bin/look`);
    for (const role of ["wireguard", "proxy"]) {
        const folder = `/etc/systemd/system/${unit(role)}.d`;
        await vm.run(
            `mkdir -p ${folder}; printf '[Service]\nExecStartPre=+/usr/local/bin/look ${role}\n' >${folder}/look.conf`,
        );
    }
    await vm.run(`until [ "$(wc -l < ${stack.place("etc")}/endpoints.${device})" = 2 ]; do sleep 1; done`);
    await vm.reboot();
    expect(await vm.started()).toBe("running");
    await calledAgain(2);
    expect(await vm.run(`systemctl is-active ${unit("watch")}`)).toBe("active\n");
    expect(await vm.run("cat /run/seen-wireguard")).toBe("table\n");
    expect(await vm.run("cat /run/seen-proxy")).toBe("table\ninterface\n");
    const begun = await since("InactiveExitTimestampMonotonic", ["firewall", "wireguard", "proxy"]);
    const ready = await since("ActiveEnterTimestampMonotonic", ["firewall", "wireguard"]);
    expect(ready[0]).toBeLessThan(await networkBegan());
    expect(ready[0]).toBeLessThan(begun[1]!);
    expect(ready[1]).toBeLessThan(begun[2]!);
    expect(await vm.run(`systemctl show --property=NRestarts --value ${unit("proxy")}`)).toBe("0\n");
    await vm.run(`rm -r /etc/systemd/system/qp-tunnel-*.service.d /usr/local/bin/look; systemctl daemon-reload`);
    await expectService();
    expect(await lab.node("alice").ping("10.8.0.3")).toBe(true);
    expect(await lab.node("bob").ping("10.8.0.2")).toBe(false);
    await stack.refresh("--expect-no-changes");
    await stack.preview("--expect-no-changes");
});

it.each(["restart", "reload"])("has its table again after a %s of nftables.service", async (verb) => {
    await vm.run("systemctl start nftables");
    await vm.run(`systemctl restart ${unit("firewall")}`);
    await vm.run(`nft add table inet stranger; systemctl ${verb} nftables`);
    expect(await vm.run("nft list tables")).toBe(`table inet filter\ntable inet ${table()}\n`);
    // The interface and the proxy went down with the table, and come back behind it: peers are called before Caddy listens.
    await vm.run("for _ in $(seq 60); do ss -H -ltn 'sport = :8443' | grep -q . && exit 0; sleep 1; done; exit 1");
    await expectService();
    expect(await lab.node("bob").tcp("10.8.0.1", 22)).toBe("timeout");
    await stack.refresh("--expect-no-changes");
    // Ours go down with it, and nothing but a boot or an apply starts them together.
    await vm.run(`systemctl disable --now nftables; systemctl start ${unit("wireguard")} ${unit("proxy")}`);
});

it("keeps who was cut out, when the power fails right after the update", async () => {
    stack.declare({ peers: plain.slice(0, 2) });
    await stack.up();
    await vm.powerCut();
    expect(await peersOnTheWire()).toEqual(["10.8.0.2/32", "10.8.0.3/32"]);
    await expectService();
    await stack.refresh("--expect-no-changes");
});

it("rolls back what a reboot leaves unconfirmed, and keeps out who was cut in the same update", async () => {
    const folder = join(lab.folder, "unconfirmed");
    mkdirSync(folder);
    // No new connection while it is tried; the one of the update goes on.
    const refusing = '#!/bin/sh\ncase "$*" in *ControlPath=none*) exit 255 ;; esac\nexec /usr/bin/ssh "$@"\n';
    writeFileSync(join(folder, "ssh"), refusing, { mode: 0o755 });
    const enter = `exec nsenter --net=/run/netns/${operator.namespace} -- pulumi "$@"`;
    stack.interpose("pulumi", `PATH="${folder}:\${PATH#*:}"; export PATH; ${enter}`);
    stack.declare({ peers: [{ ...plain[0]!, routes: [ROUTE] }], services: [], grants: [], confirmTimeout: 900 });
    expect(await stack.fail(["up", "--yes", "--skip-preview"])).toContain(
        "could not be confirmed over a new connection",
    );
    stack.liveIn(operator);
    const pending = `test -d ${stack.place("etc")}/pending`;
    expect((await vm.exec(pending)).code).toBe(0);
    expect(await peersOnTheWire()).toEqual([`10.8.0.2/32 ${ROUTE}`]);

    await vm.reboot();
    expect((await vm.exec(pending)).code).toBe(1);
    expect(await peersOnTheWire()).toEqual(["10.8.0.2/32"]);
    expect(await vm.run(`ip route show dev ${device}`)).not.toContain(ROUTE);
    expect(await vm.run("nft list ruleset")).not.toContain("10.8.0.3 .");
    await calledAgain(1);
    await stack.up();
    expect(await peersOnTheWire()).toEqual([`10.8.0.2/32 ${ROUTE}`]);
    await stack.refresh("--expect-no-changes");
});

it("leaves nothing", async () => {
    await stack.destroy();
    expect(await vm.run("systemctl list-units --all --no-legend --plain 'qp-tunnel*'")).toBe("");
    expect(await vm.run("systemctl list-unit-files --no-legend 'qp-tunnel*' || true")).toBe("");
    const places = ["/etc", "/etc/systemd", "/run", "/usr/local/lib"];
    expect(await vm.run(`find ${places.join(" ")} -name '*qp-tunnel*' -not -path '/run/systemd/*'`)).toBe("");
    expect(await vm.run("nft list tables; ip -o link show type wireguard; pgrep -l caddy || true")).toBe("");
});

const unit = (role: string): string => `qp-tunnel-${device}-${role}.service`;
const table = (): string => tableName({ appName: "qp-tunnel", interface: device });

async function expectService(): Promise<void> {
    const { caCertificate } = await stack.outputs<{ caCertificate: string }>();
    const request = { address: "10.8.0.1", port: 8443, ca: caCertificate, servername: "notes.qp-tunnel.internal" };
    // A peer notices by itself that the relay was restarted, after 15 s at most.
    const answer = await lab.node("alice").https({ ...request, timeout: 25_000 });
    expect(answer).toMatchObject({
        status: 200,
        body: "hello",
        group: "X25519MLKEM768",
        cipher: "TLS_AES_256_GCM_SHA384",
    });
}

/** Waits until as many peers as before the restart have shaken hands with the new interface; none of them has anything to send. */
async function calledAgain(count: number): Promise<void> {
    const handshakes = `wg show ${device} latest-handshakes | awk '$2 > 0' | wc -l`;
    await vm.run(`for _ in $(seq 60); do [ "$(${handshakes})" != ${count} ] || exit 0; sleep 1; done; exit 1`);
}

async function since(property: string, roles: string[]): Promise<number[]> {
    const text = await vm.run(`systemctl show --property=${property} --value ${roles.map(unit).join(" ")}`);
    return text.split("\n").filter(Boolean).map(Number);
}

async function networkBegan(): Promise<number> {
    const property = "InactiveExitTimestampMonotonic";
    return Number(await vm.run(`systemctl show --property=${property} --value systemd-networkd.service`));
}

async function peersOnTheWire(): Promise<string[]> {
    const text = await vm.run(`wg show ${device} allowed-ips`);
    return text
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split("\t")[1]!)
        .sort();
}
