import ts from "typescript";
import { parse } from "yaml";

import type { AdoptedPeer, AdoptedRelay } from "../../../../core/adoption/model.js";
import { type ProgramOptions, renderProject } from "../../../../core/adoption/program.js";
import { packageManagerOf } from "../../../../core/packageManager.js";

const installedWith = (lock: string) => packageManagerOf("/shop", (file) => file.endsWith(lock));
const peer = (index: number, more: Partial<AdoptedPeer> = {}): AdoptedPeer => ({
    ...{ name: `p${index}`, publicKey: `K${index}`, address: `10.8.0.${index + 2}`, routes: [], preshared: false },
    ...more,
});
const relay = (peers: AdoptedPeer[], more: Partial<AdoptedRelay> = {}): AdoptedRelay => ({
    ...{ interface: "wg0", privateKeyFile: "/root/wg0.key", listenPort: 51820, subnet: "10.8.0.0/24" },
    ...{ peers, services: [], left: [], ...more },
});
const OPTIONS: ProgramOptions = {
    ...{ name: "office", source: "wg0.conf", host: { kind: "local" }, grants: "open" },
    versions: { "pulumi-qp-tunnel": "0.2.0", yaml: "2.0.0" },
    packageManager: installedWith("package-lock.json"),
};
const render = (of: AdoptedRelay, more: Partial<ProgramOptions> = {}) => renderProject(of, { ...OPTIONS, ...more });
const program = (...given: Parameters<typeof render>): string => render(...given)["index.ts"]!;

const VARIANTS: [string, AdoptedRelay, Partial<ProgramOptions>][] = [
    ["few peers", relay([peer(0, { routes: ["192.168.7.0/24"], written: 'Ann\'s "laptop"' })]), {}],
    ["many peers with preshared keys", relay(Array.from({ length: 6 }, (_, n) => peer(n, { preshared: n > 2 }))), {}],
    ["few peers with preshared keys, without grants", relay([peer(0, { preshared: true })]), { grants: "none" }],
    [
        "everything that a relay can have",
        relay([peer(0)], {
            ...{ subnet6: "fd00::/64", mtu: 1380, endpoint: "vpn.example.org:4500" },
            services: [{ name: "wiki", port: 8443, upstream: { peer: "p0", port: 80 } }],
        }),
        { host: { kind: "ssh", address: "192.0.2.7", user: "admin", port: 2222 } },
    ],
];

it.each(VARIANTS)("a program of %s is TypeScript", (_, of, more) => {
    const { diagnostics } = ts.transpileModule(program(of, more), { reportDiagnostics: true });
    expect(diagnostics?.map(({ messageText }) => messageText)).toEqual([]);
});

it("says what the relay is, and nothing that it is not", () => {
    const text = program(...([VARIANTS[3]![1], VARIANTS[3]![2]] as const));
    for (const line of [
        '    host: hosts.ssh({ address: "192.0.2.7", user: "admin", port: 2222, hostKey: config.require("hostKey") }),',
        '    privateKey: "file:/root/wg0.key",',
        "    listenPort: 51820,",
        '    subnet6: "fd00::/64",',
        "    mtu: 1380,",
        '    endpoint: "vpn.example.org:4500",',
        '    new ExposedService("wiki", { upstream: { peer: "p0", port: 80 }, port: 8443, allow: "everyone", keyExchange: "prefer" }),',
    ])
        expect(text.split("\n")).toContain(line);
    const plain = program(relay([peer(0)]));
    for (const word of ["subnet6", "mtu", "endpoint:", "ExposedService", "new pulumi.Config"])
        expect(plain).not.toContain(word);
    expect(plain).toContain("    host: hosts.local(),");
});

it("opens what was open, or nothing", () => {
    expect(program(relay([peer(0)]))).toContain("    grants: asOpenAsBefore,\n");
    const closed = program(relay([peer(0)]), { grants: "none" });
    expect(closed).toContain("    grants: [], // no access yet: add the required grants\n");
    expect(closed).not.toContain("Grant");
});

it("above five peers they are data in a file, each with what was written beside it", () => {
    const peers = Array.from({ length: 6 }, (_, n) =>
        peer(n, { preshared: n === 0, routes: n === 1 ? ["10.0.0.0/8"] : [] }),
    );
    peers[2] = { ...peers[2]!, written: "Ann's laptop" };
    const files = render(relay(peers));
    expect(parse(files["peers.yaml"]!)).toEqual(
        peers.map(({ name, publicKey, address, routes, preshared }) => ({
            ...{ name, publicKey, address, presharedKey: preshared ? "config" : "none" },
            ...(routes.length === 0 ? {} : { routes }),
        })),
    );
    expect(files["peers.yaml"]).toContain("# Ann's laptop\n- name: p2\n");
    expect(JSON.parse(files["package.json"]!)).toMatchObject({ dependencies: OPTIONS.versions });
    const few = render(relay(peers.slice(0, 5)));
    expect(few).not.toHaveProperty(["peers.yaml"]);
    expect((JSON.parse(few["package.json"]!) as { dependencies: object }).dependencies).toEqual({
        "pulumi-qp-tunnel": "0.2.0",
    });
});

it("the project keeps keys out of version control, and is a Pulumi project of its name", () => {
    const files = render(relay([peer(0)]));
    expect(files[".gitignore"]!.split("\n")).toEqual(expect.arrayContaining(["preshared-keys.json", "*.key"]));
    expect(parse(files["Pulumi.yaml"]!)).toMatchObject({ name: "office", main: "index.ts" });
});

test.each([
    ["package-lock.json", undefined],
    ["pnpm-lock.yaml", "pnpm"],
    ["yarn.lock", "yarn"],
    ["bun.lock", "bun"],
])("beside %s, `pulumi install` uses %s", (lock, packagemanager) => {
    const { "Pulumi.yaml": text } = render(relay([peer(0)]), { packageManager: installedWith(lock) });
    expect((parse(text!) as { runtime: object }).runtime).toStrictEqual({
        name: "nodejs",
        options: { typescript: true, ...(packagemanager === undefined ? {} : { packagemanager }) },
    });
});
