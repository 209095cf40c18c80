import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";

import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { execute } from "../../lab/processes.js";
import { startSshd } from "../../lab/sshd.js";
import { Stack } from "../../lab/stack.js";
import { withKeys } from "./fixtures.js";

// A new machine in its first minutes: WireGuard's tools are missing, and it upgrades itself. Its apt-get, its dpkg and their locks
// are the real ones, over a copy of this machine's system that only the relay's own processes see.

jest.setTimeout(300_000);

const [alice] = withKeys("alice") as [ReturnType<typeof withKeys>[number]];

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let device: string;

beforeAll(async () => {
    lab = await Lab.create("firstboot");
    relay = lab.node("relay");
    device = lab.interface("relay");
    await repository();
    const sshd = await startSshd(relay, lab.folder, { prefix: ["sh", "-c", system(), "sh"] });
    const access = { address: relay.place.wan, hostKey: sshd.hostKey, identityFile: sshd.identityFile };
    stack = await Stack.create({
        interface: device,
        peers: [{ name: "alice", publicKey: alice.publicKey }],
        ssh: { ...access, packages: "install" },
    });
    stack.timeout = 240_000;
    stack.liveIn(lab.node("outside"));
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

const file = (name: string): string => join(lab.folder, name);

/** Whatever is written below these folders is written to memory, and nobody else sees it. Nothing knows another package's source. */
function system(): string {
    const cow = file("cow");
    const layers = ["usr", "var", "etc"].map(
        (name) =>
            `mkdir -p ${cow}/${name}.upper ${cow}/${name}.work && mount -t overlay overlay -o lowerdir=/${name},upperdir=${cow}/${name}.upper,workdir=${cow}/${name}.work /${name}`,
    );
    return [
        `mkdir -p ${cow} && mount -t tmpfs tmpfs ${cow}`,
        ...layers,
        "rm -rf /etc/apt/sources.list.d /var/lib/apt/lists/* /usr/bin/wg",
        `echo "deb [trusted=yes] file:${file("packages")} ./" >/etc/apt/sources.list`,
        `echo 'APT::Sandbox::User "root";' >/etc/apt/apt.conf.d/99laboratory`,
        'exec "$@"',
    ].join(" && ");
}

/** Two packages, as a distribution has them: WireGuard's tools in a later version, and what is upgraded this morning. */
async function repository(): Promise<void> {
    const packages: Record<string, string> = { "wireguard-tools": "/usr/bin/wg", "this-morning": "/usr/bin/true" };
    const index: string[] = [];
    mkdirSync(file("packages"));
    for (const [name, program] of Object.entries(packages)) {
        const root = file(`root-${name}`);
        mkdirSync(join(root, "DEBIAN"), { recursive: true });
        mkdirSync(join(root, "usr/bin"), { recursive: true });
        await run(["cp", program, join(root, "usr/bin", name === "this-morning" ? "this-morning" : "wg")]);
        const control = `Package: ${name}\nVersion: 99\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: of the laboratory\n`;
        writeFileSync(join(root, "DEBIAN/control"), control);
        const deb = `${name}_99_all.deb`;
        await run(["dpkg-deb", "--root-owner-group", "-b", root, join(file("packages"), deb)]);
        const path = join(file("packages"), deb);
        const hash = createHash("sha256").update(readFileSync(path)).digest("hex");
        index.push(`${control}Filename: ./${deb}\nSize: ${statSync(path).size}\nSHA256: ${hash}\n`);
    }
    writeFileSync(join(file("packages"), "Packages"), index.join("\n"));
}

async function run(argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await execute(argv);
    if (code !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
    return stdout;
}

/** On the relay's machine, with its own system. */
function there(argv: string[], timeout = 120_000): ReturnType<typeof execute> {
    const pid = readFileSync(file("sshd.22.pid"), "utf8").trim();
    return execute(["nsenter", `--mount=/proc/${pid}/ns/mnt`, `--net=/proc/${pid}/ns/net`, "--", ...argv], { timeout });
}

/** A package manager in the middle of its work: it has its lock until it is let go. */
async function busy(command: string, hook: string): Promise<{ letGo(): Promise<void> }> {
    const [held, go] = [file(`${hook}.held`), file(`${hook}.go`)];
    const wait = `${hook}::=touch ${held}; until [ -e ${go} ]; do sleep 0.1; done`;
    const ended = there(["sh", "-c", `DEBIAN_FRONTEND=noninteractive exec apt-get -q -y -o "$0" ${command}`, wait]);
    await exists(held);
    return {
        async letGo() {
            writeFileSync(go, "");
            expect(await ended).toMatchObject({ code: 0 });
        },
    };
}

async function exists(path: string): Promise<void> {
    await run(["timeout", "60", "sh", "-c", 'until [ -e "$0" ]; do sleep 0.1; done', path]);
}

/** Until the relay's own program has read of a lock, in the words of its apt-get. */
async function metLock(name: string): Promise<void> {
    const look = 'until grep -qs "$0" /run/qp-tunnel.work.*/packages; do sleep 0.1; done';
    await run(["timeout", "100", "sh", "-c", look, name]);
}

it("waits for the locks of the package lists and of dpkg while the machine upgrades itself, then installs", async () => {
    expect((await there(["sh", "-c", "command -v wg"])).code).not.toBe(0);
    // The machine reads its package lists.
    const lists = await busy("update", "APT::Update::Pre-Invoke");
    let isDone = false;
    const update = stack.run(["up", "--yes", "--skip-preview"]).finally(() => (isDone = true));
    await metLock("/var/lib/apt/lists/lock");
    await lists.letGo();
    // And then installs what it found, before the relay's turn or in the middle of it.
    const packages = await busy("install this-morning", "DPkg::Pre-Invoke");
    await metLock("/var/lib/dpkg/lock-frontend");
    expect(isDone).toBe(false);
    await packages.letGo();
    const { code, text } = await update;
    expect({ code, text }).toMatchObject({ code: 0 });
    const { stdout } = await there([
        "dpkg-query",
        "-W",
        "-f",
        "${Package} ${Version} ${Status}\\n",
        "wireguard-tools",
        "this-morning",
    ]);
    expect(stdout.split("\n").filter(Boolean).sort()).toEqual([
        "this-morning 99 install ok installed",
        "wireguard-tools 99 install ok installed",
    ]);
    expect((await there(["wg", "show", device, "peers"])).stdout.trim()).toBe(alice.publicKey);
    await stack.refresh("--expect-no-changes");
    await stack.destroy();
});
