import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { execute } from "../../lab/processes.js";
import { startSshd, type Sshd } from "../../lab/sshd.js";
import { Stack } from "../../lab/stack.js";
import { livePeers, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const [alice, bob, dora] = withKeys("alice", "bob", "dora").map(({ name, publicKey }) => ({ name, publicKey }));
const APPLY = ["up", "--yes", "--skip-preview"];
/** Logs in, but is not root. */
const GUARDED = "guarded";
const FILLER = "filler";

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let sshd: Sshd;
let device: string;
let etc: string;

beforeAll(async () => {
    lab = await Lab.create("errors");
    relay = lab.node("relay");
    device = lab.interface("relay");
    // Everybody's key is read by root: the laboratory's folder is closed to others.
    const settings = ["AuthorizedKeysCommandUser root", `AuthorizedKeysCommand /usr/bin/cat ${lab.folder}/login.pub`];
    sshd = await startSshd(relay, lab.folder, { settings });
    stack = await Stack.create({ interface: device, peers: [alice!, bob!], ssh: access() });
    stack.liveIn(lab.node("outside"));
    await stack.up();
    etc = stack.place("etc");
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

function access(changes: Record<string, unknown> = {}): Record<string, unknown> {
    const { hostKey, identityFile } = sshd;
    return { address: relay.place.wan, hostKey, identityFile, packages: "require", ...changes };
}

/** Runs a script where sshd and all its sessions live: what is mounted there is mounted for them alone. */
async function behind(script: string, ...args: string[]): Promise<void> {
    const pid = readFileSync(join(lab.folder, "sshd.22.pid"), "utf8").trim();
    const argv = ["nsenter", "-m", "-n", "-t", pid, "bash", "-euc", script, "bash", ...args];
    const { code, stderr } = await execute(argv);
    if (code !== 0) throw new Error(`${script}: ${stderr}`);
}

/** Puts a file in the place of one of the machine's. */
async function replaceFile(path: string, content: string, mode = 0o644): Promise<void> {
    const copy = join(lab.folder, path.replaceAll("/", "_"));
    writeFileSync(copy, content);
    chmodSync(copy, mode);
    await behind('mount --bind "$1" "$2"', copy, path);
}

/** @param sudoers what sudo is told. Default: to ask for a password */
async function addUser(sudoers = "ALL=(ALL) ALL"): Promise<void> {
    await replaceFile("/etc/passwd", `${readFileSync("/etc/passwd", "utf8")}${GUARDED}:x:4242:4242::/:/bin/sh\n`);
    await replaceFile("/etc/shadow", `${readFileSync("/etc/shadow", "utf8")}${GUARDED}:*:19000:0:99999:7:::\n`);
    await replaceFile("/etc/sudoers", `${GUARDED} ${sudoers}\n`, 0o440);
}

const removeUser = (): Promise<void> => behind("umount /etc/sudoers; umount /etc/shadow; umount /etc/passwd");

const nft = (text: string): Promise<string> => relay.run(["nft", text]);
const shut = (): Promise<string> =>
    nft(
        "add table ip shut; add chain ip shut in { type filter hook input priority -300; }; add rule ip shut in tcp dport 22 reject with tcp reset",
    );
const reopen = (): Promise<string> => nft("delete table ip shut");

interface Trouble {
    /** How the machine is entered. */
    access?: () => Record<string, unknown>;
    begin?: () => Promise<unknown>;
    end?: () => Promise<unknown>;
    says: RegExp;
}

const TROUBLES: Record<string, Trouble> = {
    "another host key": {
        access: () => ({ hostKey: sshd.otherHostKey }),
        says: /the machine shows the host key SHA256:\S+, pinned is SHA256:\S+; find out why/,
    },
    "a machine that refuses connections": {
        begin: shut,
        end: reopen,
        says: /it cannot be reached \(.*Connection refused\); check address, port and firewall/,
    },
    "a key nobody knows": {
        access: () => ({ identityFile: sshd.identityFile.replace(/login$/, "other") }),
        says: /accepts none of the offered keys for root; check user, identityFile and the agent/,
    },
    "a user who is not there": {
        access: () => ({ user: "nobodyhere" }),
        says: /nobodyhere@\S+: the machine accepts none of the offered keys for nobodyhere; check user/,
    },
    "sudo that wants a password": {
        access: () => ({ user: GUARDED }),
        begin: () => addUser(),
        end: removeUser,
        says: /guarded@\S+: sudo asks for a password; let guarded use sudo without a password/,
    },
    "a full disk": {
        begin: () =>
            behind(
                `mkdir "$2"; cp -a "$1/." "$2"; mount -t tmpfs -o size=1m,mode=0700 none "$1"; cp -a "$2/." "$1"
                dd if=/dev/zero of="$1/${FILLER}" bs=4k 2>/dev/null || true`,
                etc,
                join(lab.folder, "copy"),
            ),
        end: () => behind('umount "$1"', etc),
        says: /step wireguard failed: no space is left \S+ \/etc.* \(or no inode\); free some space/,
    },
    "a disk that turned read-only": {
        begin: () => behind('mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"', etc),
        end: () => behind('umount "$1"', etc),
        says: /step wireguard failed: \/etc\/qp-tunnel-\S+ is on a read-only file system; find out why/,
    },
};

it.each(Object.entries(TROUBLES))(
    "says what %s is and what to do, records it, and leaves the relay as it was",
    async (...one) => {
        const [, { access: changes, begin, end, says }] = one;
        const before = await asItIs();
        await begin?.();
        stack.declare({
            ssh: access(changes?.()),
            peers: [alice!, bob!, dora!],
            grants: [{ from: "dora", to: "bob", ports: ["tcp/22"] }],
        });
        const text = await stack.fail(APPLY).finally(end);
        expect(text).toMatch(says);
        const failure = stack.log().findLast(({ status }) => status === "failure");
        expect(failure).toMatchObject({ action: "peers_apply_error", message: expect.stringMatching(says) });
        expect(await asItIs()).toEqual(before);
    },
);

it("applies it as a user whom sudo asks nothing, once nothing is in the way any more", async () => {
    await addUser("ALL=(ALL) NOPASSWD: ALL");
    stack.declare({ ssh: access({ user: GUARDED }) });
    await stack.up();
    await removeUser();
    stack.declare({ ssh: access() });
    // How it is entered is no change of the relay, and is what the next refresh uses.
    await stack.up("--expect-no-changes");
    expect([...(await livePeers(relay, device)).keys()]).toEqual(["10.8.0.2/32", "10.8.0.3/32", "10.8.0.4/32"]);
});

it("knows a machine by its id, fills a rebuilt one again, and not before it can carry WireGuard", async () => {
    const publicKey = await relay.run(["wg", "show", device, "public-key"]);
    await replaceFile("/etc/machine-id", `${"0".repeat(31)}1\n`);
    expect(await stack.refresh()).toContain(
        "this is a different machine than the one that was set up; `pulumi up --refresh` sets it up from scratch with the same keys and addresses",
    );
    // Behind the same address and host key is a machine that never was a relay.
    await behind(
        'for pid in "$2"/watch*.pid "$2"/*.supervisor.pid "$2"/*.pid; do kill -KILL "$(<"$pid")" || true; done; rm -rf "$1" "$2"',
        etc,
        stack.place("run"),
    );
    await relay.run(["sh", "-c", `ip link del ${device} 2>/dev/null; nft flush ruleset`]);
    stack.declare({ grants: [] });
    sshd.interpose("ip", 'case "$*" in "link add qptcheck type wireguard") exit 2;; esac');
    await behind('mount --bind /dev/null "$(command -v wireguard-go)"');
    expect(await stack.fail(APPLY)).toMatch(
        /the kernel has no WireGuard and wireguard-go is not installed; install wireguard-go, or a kernel with the wireguard module/,
    );
    expect(stack.log().findLast(({ status }) => status === "failure")).toMatchObject({
        action: "setup_relay_error",
        message: expect.stringContaining("the kernel has no WireGuard"),
    });
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
    await behind('umount "$(command -v wireguard-go)"');
    sshd.restore();

    await stack.up();
    expect([...(await livePeers(relay, device)).keys()]).toEqual(["10.8.0.2/32", "10.8.0.3/32", "10.8.0.4/32"]);
    expect(await relay.run(["wg", "show", device, "public-key"])).toBe(publicKey);
    expect(stack.log().findLast(({ action }) => action === "setup_relay")).toMatchObject({
        details: { machine: `${"0".repeat(31)}1` },
    });
    await stack.refresh("--expect-no-changes");
});

it("destroys nothing of a relay that it cannot reach, unless it is told to abandon it, and records that", async () => {
    await shut();
    expect(await stack.fail(["destroy", "--yes", "--skip-preview"])).toMatch(
        /it cannot be reached .*Connection refused/,
    );
    expect(Object.keys(await stack.state())).toContain("relay-host");
    stack.env["QPTUNNEL_ABANDON_UNREACHABLE"] = "198.51.100.99";
    expect(await stack.fail(["destroy", "--yes", "--skip-preview"])).toMatch(/it cannot be reached/);
    stack.env["QPTUNNEL_ABANDON_UNREACHABLE"] = relay.place.wan!;
    await stack.destroy();
    expect(
        stack
            .log()
            .filter(({ action }) => action === "host_abandoned")
            .at(-1),
    ).toMatchObject({
        status: "success",
        message: expect.stringMatching(
            /^Remove relay relay from root@\S+: the host cannot be reached and was abandoned, as QPTUNNEL_ABANDON_UNREACHABLE requests; everything on it stays$/,
        ),
    });
    await reopen();
});

/** Who is on the interface and how, without what changes by itself, and every rule. */
async function asItIs(): Promise<string[]> {
    const counters = [2, 4, 5, 6];
    const peers = (await relay.run(["wg", "show", device, "dump"])).split("\n").map((line) =>
        line
            .split("\t")
            .filter((_field, index) => !counters.includes(index))
            .join("\t"),
    );
    return [...peers.sort(), await relay.run(["nft", "-s", "list", "ruleset"])];
}
