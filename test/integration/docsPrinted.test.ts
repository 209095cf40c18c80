import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { generateKeyPair } from "../../core/keys/index.js";
import { Lab, type TOPOLOGY } from "../lab/index.js";
import { execute, type Outcome } from "../lab/processes.js";
import { searchPath, Stack } from "../lab/stack.js";
import { commandsIn, pages } from "../unit/docsBlocks.js";

// What the documentation prints of `qp-tunnel` is run here as it stands there, with `npx --no`, in a project whose stack, relay and
// peers are called as they are there.

jest.setTimeout(300_000);

const PREFIX = "npx --no qp-tunnel ";

/** What is not run here, each with why and by whom it is. */
const EXCEPTED: [command: RegExp, why: string][] = [
    [/ audit (?:prove|check-proof|witness) /, "has sizes and keys of the page's own log; prove.test.ts runs the three"],
    [/ approve plan\.json --/, "needs approvers and a change; approvals.test.ts and approve.test.ts run them"],
    [/ --approvers allowed_signers$/, "the same"],
    [
        / audit push prod\.jsonl --to \/srv\//,
        "takes a job's artifact and a mirror; gitops/pipelines.slow.test.ts runs it",
    ],
    [/ --checkpoint checkpoint\.note$/, "the same: it is what a witness gives"],
    [/ offer | audit observe | --observed-by /, "takes two parties with a log each; agencies.test.ts runs the three"],
];

/** What shows that a command has done what the page says: words of what it prints, or a file and words of that. */
const SHOWN: [command: RegExp, words: RegExp, file?: string][] = [
    [/ init$/, /qptunnel/, "Pulumi.yaml"],
    [/ ca -o relay-ca\.pem$/, /^-----BEGIN CERTIFICATE-----/, "relay-ca.pem"],
    [/ ca --format der /, /^\x30\x82/, "relay-ca.cer"],
    [/ ca --format mobileconfig /, /<plist/, "relay.mobileconfig"],
    [/ import \/etc\/wireguard\/wg0\.conf /, /endpoint: "vpn\.example\.org"/, "office/index.ts"],
    [/ import wg0\.conf /, /address: "203\.0\.113\.7", user: "admin"/, "relay/index.ts"],
    [/ import ~\/\.config\/qp-tunnel /, /grants: \[\]/, "relay/index.ts"],
    [/ audit verify audit\/prod\.jsonl(?: --checkpoint |$)/, /\d+ records/],
    [/ audit export /, /^[[{]/, "capsules.json"],
    [/ audit rotate-key /, /prod\.key/],
    [/ doctor$/, /office/],
    [/ doctor --json$/, /^\{/],
    [/ status$/, /nas/],
    [/ status --watch 5$/, /nas/],
    [/ status --json --relay office$/, /"relay": ?"office"/],
    [/ status --prometheus > /, /^qptunnel_/m, "node_exporter/qptunnel.prom"],
    [/ list$/, /nas/],
    [/ access(?: --from alice| --to nas:tcp\/22)*$/, /alice +nas +tcp\/22 +grants\[0\]/],
    [/ access --matrix$/, /alice +tcp\/22/],
    [/ access --graph mermaid$/, /^flowchart LR$/m],
    [/ access --diff old\.json new\.json$/, /^no access rule differs$/m],
    [/ access --live$/, /office/],
    [/ access --live --json$/, /^\{/],
    [/ review plan\.json -o review\.md --html review\.html$/, /^## Relays: /, "review.md"],
    [/ review(?: plan\.json --fail-on cut,all-ports,no-expiry)?$/, /^## Relays: /],
    [/ config nas -o nas\.conf$/, /^\[Interface\]$/m, "nas.conf"],
    [/ config nas --qr$/, /\u2588/],
    [/ config nas --png nas\.png$/, /PNG/, "nas.png"],
    [/ config nas --format networkd -o nas$/, /Kind=wireguard/, "nas/wg0.netdev"],
    [/ completion bash > /, /qp-tunnel/, "home/.qp-tunnel.bash"],
    [/ completion zsh > /, /qp-tunnel/, "home/.qp-tunnel.zsh"],
    [/ completion fish > /, /qp-tunnel/, "home/.config/fish/completions/qp-tunnel.fish"],
];

const printed = [...new Set(pages.flatMap(commandsIn).filter((line) => line.startsWith(PREFIX)))];
const commands = printed
    .filter((command) => !EXCEPTED.some(([pattern]) => pattern.test(command)))
    // First what a new project does, last what others could not follow.
    .sort((one, other) => rank(one) - rank(other));

function rank(command: string): number {
    return command.endsWith(" init") ? 0 : command.includes("rotate-key") ? 2 : 1;
}

const own = generateKeyPair((length) => new Uint8Array(randomBytes(length)));
const alice = generateKeyPair((length) => new Uint8Array(randomBytes(length)));

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;

beforeAll(async () => {
    lab = await Lab.create("printed");
    const relay = lab.node("relay");
    const device = lab.interface("relay");
    stack = await Stack.create({ namespace: relay.namespace, interface: device, peers: [] }, "office");
    stack.logName = "prod";
    await stack.succeed(["stack", "init", "prod"]);
    stack.file("index.js", program(relay.namespace, device));
    mkdirSync(join(stack.folder, "node_modules/.bin"));
    symlinkSync("../pulumi-qp-tunnel/dist/cli/main.js", join(stack.folder, "node_modules/.bin/qp-tunnel"));
    await stack.up();
    const { auditHead } = await stack.outputs<{ auditHead: unknown }>();
    stack.file("checkpoint.json", auditHead);
    for (const name of ["old.json", "new.json"])
        await stack.succeed(["stack", "export", "--file", join(stack.folder, name)]);
    stack.file("plan.json", (await stack.succeed(["preview", "--json", "--show-sames"])).stdout);
    for (const name of ["home/.config/fish/completions", "home/.config/qp-tunnel", "wireguard", "node_exporter"])
        mkdirSync(join(stack.folder, name), { recursive: true, mode: 0o700 });
    for (const name of ["wg0.conf", "wireguard/wg0.conf"]) stack.file(name, serverFile());
    stack.file("home/.config/qp-tunnel/peers.json", shellTool());
    stack.file("home/.config/qp-tunnel/relay.key", `${own.privateKey}\n`);
    chmodSync(join(stack.folder, "home/.config/qp-tunnel/relay.key"), 0o600);
});

afterAll(async () => {
    await stack?.destroy();
    lab?.close();
    stack?.close();
});

/** As the README's, with the names that the pages use. */
function program(namespace: string, device: string): string {
    return `const { AuditSink, ExposedService, Peer, Relay, hosts } = require("pulumi-qp-tunnel");
const audit = new AuditSink("audit");
const nas = new Peer("nas", {});
const grafana = new ExposedService("grafana", { upstream: { peer: nas, port: 3000 }, allow: [nas] });
const relay = new Relay("office", {
    host: hosts.local({ namespace: ${JSON.stringify(namespace)} }),
    interface: ${JSON.stringify(device)},
    endpoint: "203.0.113.7",
    peers: [nas, { name: "alice", publicKey: ${JSON.stringify(alice.publicKey)} }],
    services: [grafana],
    grants: [{ from: "alice", to: nas, ports: ["tcp/22"] }],
    audit,
});
exports.auditHead = relay.checkpoint;
`;
}

function serverFile(): string {
    return `[Interface]\nPrivateKey = ${own.privateKey}\nAddress = 10.9.0.1/24\nListenPort = 51820\nMTU = 1420\n\n# alice\n[Peer]\nPublicKey = ${alice.publicKey}\nAllowedIPs = 10.9.0.2/32\n`;
}

function shellTool(): unknown {
    return {
        version: 1,
        relay: { endpoint: "203.0.113.7:51820", public_key: own.publicKey, tunnel_ip: "10.9.0.1" },
        peers: [{ name: "alice", public_key: alice.publicKey, tunnel_ip: "10.9.0.2", status: "active", added_at: "2026-01-01T00:00:00Z", added_by: "operator", revoked_at: null }], // prettier-ignore
        ip_pool: { subnet: "10.9.0.0/24", next_client_ip: "10.9.0.3", reserved: ["10.9.0.1"] },
    };
}

/** Folders of the machine that a page names are folders of the project here; nobody else sees that. */
const PLACES = { "/etc/wireguard": "wireguard", "/var/lib/node_exporter": "node_exporter" };

function shell(command: string): string[] {
    const missing = Object.keys(PLACES).filter((place) => !existsSync(place));
    const over = missing.length === 0 ? "" : 'mkdir -p "$0/over/up" "$0/over/work" && mount -t tmpfs tmpfs "$0/over" && mkdir "$0/over/up" "$0/over/work" && mount -t overlay overlay -o "lowerdir=/var,upperdir=$0/over/up,workdir=$0/over/work" /var && '; // prettier-ignore
    const mounts = Object.entries(PLACES).map(
        ([place, name]) => `mkdir -p ${place} && mount --bind "$0/${name}" ${place}`,
    );
    return [
        "unshare",
        "-m",
        "sh",
        "-c",
        `${over}${mounts.join(" && ")} && cd "$0" && umask 077 && ${command}`,
        stack.folder,
    ];
}

function environment(): Record<string, string> {
    return { ...stack.env, HOME: join(stack.folder, "home"), PATH: searchPath(), PULUMI_SKIP_UPDATE_CHECK: "true" };
}

const run = (command: string): Promise<Outcome> => execute(shell(command), { env: environment() });

it("runs all that the pages print, and excepts nothing that they do not", () => {
    expect(commands.length).toBeGreaterThan(20);
    expect(EXCEPTED.filter(([pattern]) => !printed.some((command) => pattern.test(command)))).toEqual([]);
    expect(SHOWN.filter(([pattern]) => !commands.some((command) => pattern.test(command)))).toEqual([]);
});

it.each(commands)("%s", async (command) => {
    const [, words, file] = SHOWN.find(([pattern]) => pattern.test(command)) ?? [];
    // What an earlier command wrote is in nobody's way; what nobody knows how to look at is not run for nothing.
    if (file !== undefined && !/Pulumi\.yaml$/.test(file)) rmSync(join(stack.folder, file.replace(/\/.*/, (rest) => (/^(?:home|node_exporter)/.test(file) ? rest : ""))), { recursive: true, force: true }); // prettier-ignore
    const { code, stdout, stderr } = command.includes("--watch")
        ? await firstScreen(command, words!)
        : await run(command);
    expect({ code, stderr: /^error/m.exec(stderr)?.input }).toEqual({ code: 0, stderr: undefined });
    expect(file === undefined ? stdout + stderr : readFileSync(join(stack.folder, file), "latin1")).toMatch(words!);
});

/** Of a command that goes on until it is interrupted. */
async function firstScreen(command: string, words: RegExp): Promise<Outcome> {
    const [program = "", ...args] = shell(command);
    const child = spawn(program, args, { env: { ...process.env, ...environment() }, detached: true });
    let [stdout, stderr] = ["", ""];
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    const code = await new Promise<number | null>((resolve) => {
        child.stdout.on("data", (chunk) => {
            stdout += String(chunk);
            // As Ctrl-C in a terminal: everything in the foreground.
            if (words.test(stdout)) process.kill(-child.pid!, "SIGINT");
        });
        child.on("close", resolve);
    });
    return { code: code === 130 || code === null ? 0 : code, stdout, stderr };
}
