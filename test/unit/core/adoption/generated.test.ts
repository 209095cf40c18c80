import { randomBytes } from "node:crypto";

import fc from "fast-check";

import { fromQuickFile } from "../../../../core/adoption/fromQuick.js";
import type { AdoptedRelay, Adoption } from "../../../../core/adoption/model.js";
import { checkRelay, peerSpec, relayArgs, validate } from "../../../../core/arguments/index.js";
import { TunnelError } from "../../../../core/errors.js";
import { generateKeyPair } from "../../../../core/keys/index.js";
import { allocate } from "../../../../core/registry/index.js";

const pair = () => generateKeyPair((length) => new Uint8Array(randomBytes(length)));
const own = pair();
const KEYS = Array.from({ length: 6 }, () => pair().publicKey);
const OTHER = pair().publicKey;
const PSK = Buffer.alloc(32, 7).toString("base64");

/** What the file looks like, beside what it says. */
interface Style {
    newline: string;
    bom: boolean;
    interfaceFirst: boolean;
    below: boolean;
}

interface Written {
    /** Where its name is written. */
    place: "above" | "header" | "first" | "between" | "inline" | "nowhere";
    form: string;
    ips: string[];
    preshared: boolean;
    /** Lines before the block, which are about nobody or somebody who is switched off. */
    before: string[];
    gap: boolean;
    reversed: boolean;
    spacing: string;
    extra: string[];
}

const FORMS = ["# %", "## %", "#%", "# Name = %", "### Client %", "# BEGIN_PEER %", "# Client: % (1f2e)", "# user: %"];
const SWITCHED_OFF = [
    "#[Peer]",
    "# [Peer] # dname9",
    "## dname9",
    `#PublicKey = ${OTHER}`,
    "# AllowedIPs = 10.8.0.99/32",
    "# dname9's laptop",
];
const NOISE = [
    "# ----------",
    "# Managed by a tool",
    "#",
    "# END_PEER kname0",
    "# end",
    "# 2022-05-01",
    "# !!! do not touch: ever",
];

const address = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 2, max: 254 }).map((host) => `10.8.0.${host}/32`) },
    fc.constantFrom(
        ...["10.8.0.0/32", "10.8.0.1/32", "10.8.0.255/32", "10.8.0.128/25", "10.8.0.7", "10.6.0.9/32", "0.0.0.0/0"],
        ...[
            "::/0",
            "192.168.7.9/24",
            "192.168.7.0/24",
            "192.168.0.0/16",
            "127.0.0.1/32",
            "224.0.0.0/4",
            "169.254.1.0/24",
        ],
        ...["fd42:42:42::2/128", "fd42:42:42::7/128", "fd42:42:42::/64", "2001:db8::/32", "fd99::/64", "10.0.0.0/8"],
    ),
);

const written: fc.Arbitrary<Written> = fc.record({
    place: fc.constantFrom("above", "header", "first", "between", "inline", "nowhere"),
    form: fc.constantFrom(...FORMS),
    ips: fc.array(address, { minLength: 1, maxLength: 4 }),
    preshared: fc.boolean(),
    before: fc.oneof(
        fc.constant<string[]>([]),
        fc.subarray(SWITCHED_OFF, { minLength: 1 }).map((lines) => ["#[Peer]", ...lines, ""]),
        fc.subarray(NOISE, { minLength: 1 }).map((lines) => [...lines, ""]),
    ),
    gap: fc.boolean(),
    reversed: fc.boolean(),
    spacing: fc.constantFrom(" = ", "=", "  =\t"),
    extra: fc.subarray(["PersistentKeepalive = 25", "Endpoint = 203.0.113.9:51820", "# note: seldom here"]),
});

const style: fc.Arbitrary<Style> = fc.record({
    newline: fc.constantFrom("\n", "\r\n"),
    bom: fc.boolean(),
    interfaceFirst: fc.boolean(),
    below: fc.boolean(),
});

const head = fc.record({
    addresses: fc.constantFrom(
        ...["10.8.0.1/24", "10.8.0.1", "10.8.0.1/32", "10.8.0.1/16", "10.8.0.1/29", "10.8.0.5/24"],
        ...[
            "10.8.0.1/24, fd42:42:42::1/64",
            "10.8.0.1, fd42:42:42::1",
            "10.8.0.1/24, 10.9.0.1/24",
            "10.8.0.1/24,fd42::1/32",
        ],
    ),
    rest: fc.subarray([
        ...["MTU = 1200", "MTU = 9000", "MTU = 12", "SaveConfig = true", "PostUp = echo", "# ENDPOINT vpn example"],
        ...["FwMark = 0x1", "DNS = 1.1.1.1"],
    ]),
    endpoint: fc.constantFrom("", "# ENDPOINT 203.0.113.7", "# ENDPOINT $(reboot)", "# ENDPOINT a..b:99999"),
});

/** A name only this peer has; the text says whose it is. */
const nameOf = (index: number): string => `kname${index}`;

function blockOf(index: number, one: Written, below: boolean): string[] {
    const name = one.form.replace("%", nameOf(index));
    const plain = `# ${nameOf(index)}`;
    const at = (place: Written["place"]): boolean => !below && one.place === place;
    const key = `PublicKey${one.spacing}${KEYS[index]!}${at("inline") ? ` ${plain}` : ""}`;
    const rest = [
        `allowedips${one.spacing}${one.ips.join(", ")}`,
        ...(one.preshared ? [`PresharedKey${one.spacing}${PSK}`] : []),
        ...one.extra.filter((line) => !line.startsWith("#")),
    ];
    const settings = one.reversed ? [...rest, key] : [key, ...rest];
    return [
        ...(at("above") ? [name] : []),
        `[Peer]${at("header") ? ` ${plain}` : ""}`,
        ...(at("first") ? [name] : []),
        settings[0]!,
        ...(at("between") ? [name] : []),
        ...settings.slice(1),
        ...(below ? [name] : []),
        ...(one.gap || below ? [""] : []),
    ];
}

function textOf(peers: Written[], top: { addresses: string; rest: string[]; endpoint: string }, how: Style): string {
    const interfaceLines = [
        top.endpoint,
        "",
        "[Interface]",
        `Address = ${top.addresses}`,
        "ListenPort = 51820",
        `PrivateKey = ${own.privateKey}`,
        ...top.rest,
        "",
    ];
    const blocks = peers.flatMap((one, index) => [...(how.below ? [] : one.before), ...blockOf(index, one, how.below)]);
    // Names below the blocks, with no blank line to tell them from names above.
    const dense = how.below ? blocks.filter((line) => line !== "") : blocks;
    const lines = how.interfaceFirst ? [...interfaceLines, ...dense] : [...dense, "", ...interfaceLines];
    return `${how.bom ? "\ufeff" : ""}${lines.join(how.newline)}${how.newline}`;
}

function adopt(text: string): Adoption | undefined {
    try {
        return fromQuickFile(text, { subject: "wg0.conf", path: "/etc/wireguard/wg0.conf", interface: "wg0" });
    } catch (error) {
        expect(error).toBeInstanceOf(TunnelError);
        return undefined;
    }
}

/** What the program that is made of it goes through before anything else. */
function checkProgram({ peers, subnet, subnet6, mtu, endpoint, listenPort }: AdoptedRelay): void {
    const specs = peers.map(({ name, publicKey, address: pinned, routes, preshared }) => ({
        ...validate(
            peerSpec,
            {
                name,
                publicKey,
                ...(pinned === undefined ? {} : { address: pinned }),
                routes,
                presharedKey: preshared ? PSK : "none",
            },
            name,
        ),
        routes,
    }));
    const everybody = peers.flatMap(({ name, routes }) => [
        name,
        ...routes.map((network) => ({ peer: name, network })),
    ]);
    const plain = validate(
        relayArgs,
        {
            host: {},
            audit: {},
            interface: "wg0",
            listenPort,
            subnet,
            ...(subnet6 === undefined ? {} : { subnet6 }),
            ...(mtu === undefined ? {} : { mtu }),
            ...(endpoint === undefined ? {} : { endpoint }),
            peers: [],
            grants: peers.flatMap(({ name, routes }) => [
                { from: everybody, to: name, ports: ["all"] },
                ...routes.map((network) => ({ from: everybody, to: { peer: name, network }, ports: ["all"] })),
            ]),
        },
        "relay",
    );
    checkRelay({
        ...{ subnet, subnet6, routes: [], mtu, services: [] },
        grants: plain.grants as Parameters<typeof checkRelay>[0]["grants"],
        peers: peers.map((peer) => ({ ...peer })),
    });
    const request = {
        subnet,
        subnet6,
        reservedAddresses: [],
        peers: Object.fromEntries(
            specs.map(({ name, publicKey, address: pinned, routes }) => [
                name,
                { publicKey: publicKey as string, routes, ...(pinned === undefined ? {} : { address: pinned }) },
            ]),
        ),
        services: {},
    };
    expect(allocate(request, undefined).problems).toStrictEqual([]);
}

const files = fc.record({ peers: fc.array(written, { minLength: 1, maxLength: 6 }), top: head, how: style });

it("a program that an import writes passes its own checks", () => {
    let taken = 0;
    fc.assert(
        fc.property(files, ({ peers, top, how }) => {
            const adoption = adopt(textOf(peers, top, how));
            if (adoption === undefined) return;
            taken += 1;
            checkProgram(adoption.relay);
        }),
        { numRuns: 400 },
    );
    expect(taken).toBeGreaterThan(40);
});

it("a name stays with the key that it was written for, and that of a peer who is switched off goes to nobody", () => {
    let named = 0;
    fc.assert(
        fc.property(files, ({ peers, top, how }) => {
            const apart = peers.map((one, index) => ({ ...one, ips: [`10.8.0.${index + 10}/32`] }));
            const adoption = adopt(textOf(apart, { ...top, addresses: "10.8.0.1/24" }, how));
            if (adoption === undefined) throw new Error(`refused: ${textOf(apart, top, how)}`);
            for (const { name, publicKey } of adoption.relay.peers) {
                const index = KEYS.indexOf(publicKey);
                expect(name).toMatch(new RegExp(`^(?:${nameOf(index)}|peer-[0-9a-f]{8})$`));
                if (!how.below && apart[index]!.place !== "nowhere") expect(name).toBe(nameOf(index));
                if (name === nameOf(index)) named += 1;
            }
        }),
        { numRuns: 300 },
    );
    expect(named).toBeGreaterThan(150);
});
