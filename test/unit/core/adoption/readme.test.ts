import { nextSteps, renderReadme } from "../../../../core/adoption/readme.js";
import type { AdoptedRelay } from "../../../../core/adoption/model.js";
import type { ProgramOptions } from "../../../../core/adoption/program.js";
import { packageManagerOf } from "../../../../core/packageManager.js";

const relay = (preshared = false): AdoptedRelay => ({
    ...{ interface: "wg0", privateKeyFile: "/root/key", listenPort: 51820, subnet: "10.8.0.0/24", services: [] },
    peers: [{ name: "alice", publicKey: "A", routes: [], preshared }],
    left: ["one thing is left", "and another"],
});
const options = (more: Partial<ProgramOptions> = {}): ProgramOptions => ({
    ...{ name: "office", source: "wg0.conf", grants: "open", versions: { "pulumi-qp-tunnel": "0.2.0" } },
    host: { kind: "local" },
    packageManager: packageManagerOf("/shop", () => false),
    ...more,
});
const commands = (...given: Parameters<typeof nextSteps>): string[] =>
    nextSteps(...given).map(({ command }) => command);

it("the steps go from fetching the library to switching the old unit off, without taking the tunnel down", () => {
    expect(commands(relay(), options())).toEqual([
        "npm install",
        "pulumi stack init prod",
        "pulumi preview",
        "pulumi up",
        "systemctl disable wg-quick@wg0; mv /etc/wireguard/wg0.conf /root/",
    ]);
});

it("a host key and preshared keys are set before the first preview, where there are any", () => {
    const ssh = { kind: "ssh", address: "192.0.2.7", user: "root", port: 22 } as const;
    const all = commands(relay(true), options({ host: ssh }));
    expect(all.slice(2, 5)).toEqual([
        'pulumi config set hostKey "ssh-ed25519 AAAA…"',
        "pulumi config set --secret presharedKeys < preshared-keys.json && rm preshared-keys.json",
        "pulumi preview",
    ]);
    expect(commands(relay(), options({ host: { ...ssh, hostKey: "ssh-ed25519 AAAA" } })).join()).not.toContain(
        "hostKey",
    );
});

it("a library that lies on this machine alone is said to", () => {
    const [fetching] = nextSteps(relay(), options({ versions: { "pulumi-qp-tunnel": "file:/tmp/x.tgz" } }));
    expect(fetching?.why).toBe(
        "fetches the library from /tmp/x.tgz; if that does not exist (a colleague's machine, CI), change it in package.json",
    );
    expect(nextSteps(relay(), options())[0]?.why).toBe("fetches the library");
});

it("the README has the steps, what is left, and a word about open grants where they are open", () => {
    const text = renderReadme(relay(), options());
    expect(text).toContain("# office\n\nA WireGuard relay, adopted from wg0.conf.\n");
    for (const { command, why } of nextSteps(relay(), options()))
        expect(text).toContain(`1. \`${command}\`\n   ${why}\n`);
    expect(text).toContain("- one thing is left\n- and another\n");
    expect(text).toContain("Narrow it");
    expect(renderReadme(relay(), options({ grants: "none" }))).not.toContain("Narrow it");
});

it("the library is fetched by the package manager that installed it", () => {
    const packageManager = packageManagerOf("/shop", (file) => file.endsWith("pnpm-lock.yaml"));
    expect(commands(relay(), options({ packageManager }))[0]).toBe("pnpm install");
});
