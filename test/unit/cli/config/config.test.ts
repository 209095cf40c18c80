import {
    chmodSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { refuseOpenOutput, writePrivateFile } from "../../../../cli/privateFile.js";
import { presharedKey } from "../../../../core/keys/index.js";
import { closeSync, openSync } from "node:fs";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();
const key = (name: string): string => Buffer.alloc(32, name).toString("base64");
const SEED = key("seed");

const secret = (value: unknown): object => ({
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    plaintext: JSON.stringify(value),
});
const sealed = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:xyz" };

const resource = (types: string, name: string, inputs: object, outputs: object): object => ({
    urn: `urn:pulumi:dev::shop::${types
        .split("$")
        .map((type) => `qptunnel:index:${type}`)
        .join("$")}::${name}`,
    type: `qptunnel:index:${types.split("$").at(-1)}`,
    inputs,
    outputs,
});

/** What `pulumi stack export --show-secrets` writes: alice brought its key, nas got one, bob has a preshared key of its own. */
function state(change: { relay?: object; seed?: unknown; clients?: object | undefined; more?: object[] } = {}): string {
    const inputs = {
        relay: "office",
        host: { kind: "local" },
        appName: "qp-tunnel",
        interface: "wg0",
        epochs: [1, 2],
        peers: {
            alice: { address: "10.8.0.2", publicKey: key("alice") },
            nas: { address: "10.8.0.3", keyEpoch: 2 },
            bob: { address: "10.8.0.4", publicKey: key("bob") },
        },
        publicKeys: { nas: key("nas") },
        presharedKeys: secret({ bob: key("given") }),
        ...change.relay,
    };
    const clients = { appName: "qp-tunnel", subnet: "10.8.0.0/24", mtu: 1420, keepalive: 25, networks: {} };
    const epoch = (number: number): object =>
        resource(
            "Relay$KeyPair",
            `office-key-${number}`,
            { owner: "office", epoch: number },
            { publicKey: key(`relay ${number}`), privateKey: sealed },
        );
    const resources = [
        resource(
            "Relay",
            "office",
            {},
            {
                endpoint: "203.0.113.7:41821",
                publicKey: key("relay 2"),
                clients: "clients" in change ? change.clients : clients,
            },
        ),
        resource("Relay$WireGuard", "office-wireguard", inputs, { registry: {} }),
        resource("Relay$Seed", "office-seed", { relay: "office" }, { seed: change.seed ?? secret(SEED) }),
        ...[epoch(1), epoch(2)],
        resource("Peer$KeyPair", "nas-key", { owner: "nas", epoch: 2 }, { privateKey: secret(key("nas private")) }),
        ...(change.more ?? []),
    ];
    return scratch.write("state.json", JSON.stringify({ version: 3, deployment: { resources } }));
}

const config = (...args: string[]): ReturnType<typeof run> => run("config", ...args);

it("has the key that was generated, and the derived preshared key", async () => {
    const { code, stdout, stderr } = await config("nas", "--state", state());
    const psk = presharedKey(SEED, { name: "nas", publicKey: key("nas"), keyEpoch: 2, admitted: 1 });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`PrivateKey = ${key("nas private")}\nAddress = 10.8.0.3/32\n`);
    expect(stdout).toContain(`PublicKey = ${key("relay 2")}\nPresharedKey = ${psk}\n`);
    expect(stdout).toContain("Endpoint = 203.0.113.7:41821\n");
});

it("has a preshared key that was given, and says which peer keeps its own key", async () => {
    const { stdout, stderr } = await config("bob", "--state", state());
    expect(stdout).toContain(`PresharedKey = ${key("given")}\n`);
    expect(stderr).toBe(
        "note: the private key of bob is not in the state (the peer has its own key, or the key was removed from the state after it was handed out); the file says where to insert it\n",
    );
});

it("is for the key epoch that was asked for, at the port that belongs to it", async () => {
    const { stdout } = await config("nas", "--epoch", "1", "--state", state());
    expect(stdout).toContain(`PublicKey = ${key("relay 1")}\n`);
    expect(stdout).toContain("Endpoint = 203.0.113.7:41820\n");
});

it.each([
    ["nas", undefined],
    ["bookkeeping-laptop", "a tunnel's name has at most 15 characters on Linux and Android, and this has 18; rename the file, for instance to bookkeeping-lap.conf"], // prettier-ignore
    [
        "büro nas",
        "a tunnel's name has letters, digits and _ = + . - only; rename the file, for instance to b-ro-nas.conf",
    ],
    ["Con", "Windows keeps this name for a device; rename the file, for instance to tunnel.conf"],
])("says when wg-quick or an app would not take the file %s.conf by its name", async (name, problem) => {
    const { code, stderr } = await config("nas", "-o", join(scratch.path, `${name}.conf`), "--state", state());
    const note = `note: ${name}.conf cannot be imported under this name: ${problem}\n`;
    expect([code, stderr]).toEqual([0, problem === undefined ? "" : note]);
});

it("comes as files of another format", async () => {
    const { stdout } = await config(
        "nas",
        "--json",
        "--format",
        "networkd",
        "--interface",
        "office",
        "--state",
        state(),
    );
    const { files } = JSON.parse(stdout);
    expect(files.map(({ path }: { path: string }) => path)).toEqual([
        "/etc/systemd/network/office.netdev",
        "/etc/systemd/network/office.network",
    ]);
    const printed = (await config("nas", "--format", "nixos", "--state", state())).stdout;
    expect(printed.split("\n").filter((line) => line.startsWith("# ==>"))).toEqual([
        "# ==> /etc/nixos/wg0.nix <==",
        "# ==> /etc/wireguard/wg0.key <==",
        "# ==> /etc/wireguard/wg0.psk <==",
    ]);
    const folder = join(scratch.path, "nas");
    expect((await config("nas", "--format", "nixos", "--state", state(), "-o", folder)).code).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(["wg0.key", "wg0.nix", "wg0.psk"]);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
});

it("is drawn for a phone, in the terminal and as an image", async () => {
    const image = join(scratch.path, "nas.png");
    const { code, stdout } = await config("nas", "--qr", "--png", image, "--state", state());
    expect(code).toBe(0);
    expect(stdout.split("\n").length).toBeGreaterThan(30);
    // Black on white in every theme.
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/[█▀▄ ]+/, "…"))).toEqual(
        lines.map(() => "\x1b[38;5;16;48;5;231m…\x1b[0m"),
    );
    expect(readFileSync(image).subarray(0, 8)).toEqual(Buffer.from("\x89PNG\r\n\x1a\n", "latin1"));
    expect(statSync(image).mode & 0o777).toBe(0o600);
});

/** A state in which nas reaches so many networks. */
function long(count: number): string {
    const networks = { nas: Array.from({ length: count }, (_, index) => `192.0.${index}.0/24`) };
    return state({ clients: { appName: "qp-tunnel", subnet: "10.8.0.0/24", mtu: 1420, keepalive: 25, networks } });
}

it("is drawn with less redundancy when it would not fit otherwise", async () => {
    const image = join(scratch.path, "long.png");
    expect((await config("nas", "--state", long(150))).stdout.length).toBeGreaterThan(2331);
    expect(await config("nas", "--png", image, "--state", long(150))).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(image).subarray(0, 8)).toEqual(Buffer.from("\x89PNG\r\n\x1a\n", "latin1"));
});

it.each(["--qr", "--png"])("says what to do when the file is too long for a QR code: %s", async (option) => {
    const image = join(scratch.path, "nas.png");
    const args = option === "--png" ? [option, image] : [option];
    const { code, stdout, stderr } = await config("nas", ...args, "--state", long(230));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
        /^error: --\w+: the configuration of nas has \d{4} bytes, and a QR code holds 2953; write the file instead \(-o FILE\), or shorten it with fewer networks/,
    );
    expect(stderr).toContain(option);
    expect(existsSync(image)).toBe(false);
});

it.each<[string, string[], Parameters<typeof state>[0], string]>([
    [
        "a format nobody knows",
        ["nas", "--format", "ini"],
        {},
        "--format: ini is unknown; choose wg-quick, nixos, networkd",
    ],
    [
        "an image of another format",
        ["nas", "--png", "x", "--format", "nixos"],
        {},
        "--format: nixos cannot be shown as a QR code",
    ],
    ["an image without a key", ["alice", "--qr"], {}, "--qr: the private key of alice is not in the state"],
    [
        "a peer nobody lists",
        ["carol"],
        {},
        "peer carol: is on no relay: relay office lists alice, nas, bob; see qp-tunnel list",
    ],
    [
        "a relay that is not there",
        ["nas", "--relay", "home"],
        {},
        "--relay home: the stack has no such relay; its relays are office",
    ],
    ["an epoch that is none", ["nas", "--epoch", "0"], {}, "--epoch: 0 is not a key epoch"],
    ["an epoch that is not there", ["nas", "--epoch", "3"], {}, "--epoch 3: the relay has 1, 2; give one of them"],
    ["an interface that cannot be", ["nas", "--interface", "a b"], {}, "--interface: "],
    ["a sealed state", ["nas"], { seed: sealed }, "--state: its secrets are encrypted; omit it"],
    ["sealed preshared keys", ["nas"], { relay: { presharedKeys: sealed } }, "--state: its secrets are encrypted"],
    [
        "a state of an older version",
        ["nas"],
        { clients: undefined },
        "relay office: was last applied by an older version; run pulumi up once",
    ],
])("%s is refused", async (_what, args, change, message) => {
    const { code, stdout, stderr } = await config(...args, "--state", state(change));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`error: ${message}`);
    for (const name of ["seed", "given", "nas private"]) expect(stderr).not.toContain(key(name));
});

it("asks which relay when it is on several", async () => {
    const home = { relay: "home", peers: { nas: { address: "10.9.0.2" } } };
    const more = [resource("Relay$WireGuard", "home-wireguard", home, { registry: {} })];
    const { stderr } = await config("nas", "--state", state({ more }));
    expect(stderr).toBe("error: --relay: nas is on several relays: office, home; choose one of them\n");
    expect((await config("alice", "--state", state({ more }))).code).toBe(0);
});

describe("a file for a secret", () => {
    it("is made for its owner alone, and replaced only when it was for its owner alone", () => {
        const path = join(scratch.path, "secret");
        writePrivateFile(path, "one", "-o");
        writePrivateFile(path, "two", "-o");
        expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual(["two", 0o600]);
        for (const mode of [0o640, 0o604, 0o660]) {
            chmodSync(path, mode);
            expect(() => writePrivateFile(path, "three", "-o")).toThrow("other users can read it");
        }
        expect(readFileSync(path, "utf8")).toBe("two");
        expect(readdirSync(scratch.path)).toEqual(["secret"]);
    });

    it("is never a link or a folder", () => {
        writeFileSync(join(scratch.path, "target"), "", { mode: 0o600 });
        symlinkSync("target", join(scratch.path, "link"));
        mkdirSync(join(scratch.path, "folder"));
        for (const name of ["link", "folder"])
            expect(() => writePrivateFile(join(scratch.path, name), "x", "-o")).toThrow("is not a regular file");
    });

    it("is not made by a redirection that lets others read", () => {
        const open = openSync(join(scratch.path, "open"), "w", 0o644);
        const closed = openSync(join(scratch.path, "closed"), "w", 0o600);
        try {
            expect(() => refuseOpenOutput(open, "-o FILE")).toThrow(
                "standard output: goes to a file that other users can read; use -o FILE, or set umask 077 first",
            );
            expect(() => refuseOpenOutput(closed, "-o FILE")).not.toThrow();
        } finally {
            closeSync(open);
            closeSync(closed);
        }
    });
});
