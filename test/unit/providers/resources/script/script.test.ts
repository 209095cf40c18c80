import { webcrypto } from "node:crypto";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";

import { faultText } from "../../../../../core/fault.js";
import { certificateInfo, createAuthority } from "../../../../../core/certificates/index.js";
import { parseBundle } from "../../../../../core/protocol/bundle.js";
import { UNKNOWN, type Context, type Properties } from "../../../../../providers/resources/resource.js";
import { script } from "../../../../../providers/resources/script/script.js";
import { scratchProject } from "../../audit/scratch.js";
import { receiptText, SEED, type Told } from "../receipts.js";
import { KEYS } from "../relays.js";
import { NOTES, requestOf, scriptProperties } from "./scripts.js";

scratchProject();

let said: string[];
let urns = 0;
let urn: string;
let authority: { certificate: string; privateKey: string };

beforeAll(async () => {
    const request = { appName: "qp-tunnel", subnet: "10.8.0.0/24", algorithm: "ed25519" as const };
    authority = await createAuthority({ ...request, now: new Date(), crypto: webcrypto });
});

beforeEach(() => {
    said = [];
    urn = `urn:hub-script-${++urns}`;
});

const context = (more: Partial<Context> = {}): Context => ({
    urn,
    name: "hub-script",
    project: "shop",
    stack: "dev",
    preview: false,
    refreshing: false,
    signal: new AbortController().signal,
    log: (_severity, message) => void said.push(message),
    ...more,
});

const inputsOf = (more: Properties = {}): Properties =>
    scriptProperties({
        authorities: { ed25519: authority.certificate },
        authorityKeys: { ed25519: authority.privateKey },
        ...more,
    });

let id: string;

const create = async (inputs = inputsOf()): Promise<Properties> => {
    const created = await script.create(inputs, context());
    id = created.id;
    return created.outputs;
};
const update = (olds: Properties, outputs: Properties, news: Properties): Promise<Properties> =>
    script.update(id, olds, outputs, news, context());
const told = (outputs: Properties, more: Told = {}): string =>
    receiptText({
        peers: [KEYS.alice, KEYS.bob],
        ...more,
        fields: { script: String(outputs.sha256), edition: String(outputs.edition), ...more.fields },
    });
const lines = (): { action: string; details: Properties }[] =>
    readFileSync("audit.jsonl", "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { action: string; details: Properties });
const actions = (): string[] => lines().map(({ action }) => action);

/** The bundle of a step in the script that lies there. */
function step(name: string): Record<string, string> {
    const sections = readFileSync("relay.sh", "utf8").split(/^@@/m);
    return parseBundle(sections.find((section) => section.startsWith(`step ${name}\n`)) ?? "");
}

describe("the first script", () => {
    it("is written with its signature, for its owner alone, and what it waits for is known", async () => {
        const outputs = await create();
        for (const name of ["relay.sh", "relay.sh.sig", "relay.sh.pub"])
            expect(statSync(name).mode & 0o777).toBe(0o600);
        expect(outputs).toMatchObject({ publicKey: "", registry: {}, served: {}, certificates: {}, drift: {} });
        expect(actions()).toStrictEqual(["log_created", "script_apply_begin", "script_apply"]);
    });

    it("does what the resources of another host do, in their order", async () => {
        await create();
        const text = readFileSync("relay.sh", "utf8");
        expect([...text.matchAll(/^@@step (.*)$/gm)].map(([, name]) => name)).toStrictEqual([
            "removals",
            "check",
            "host",
            "firewall",
            "wireguard",
            "requests",
            "proxy",
            "grants",
            "receipt",
        ]);
        expect(step("removals").elements).toBe(step("grants").elements);
        expect(step("check")).toMatchObject({ networks: "10.8.0.0/24\n", routes: "192.168.7.0/24\n" });
        expect(step("grants").elements).toBe("acl4 10.8.0.2 . 10.8.0.3 . tcp . 22\n");
        expect(step("wireguard").interfaces).toBe("wg0\t51820\t1\t-\n");
    });

    it("holds neither the seed nor an authority's key", async () => {
        await create();
        const text = readFileSync("relay.sh", "utf8");
        expect(text).not.toContain(SEED);
        expect(text).not.toContain(authority.privateKey.split("\n")[1]);
    });

    it("is recorded with the authorities of its services", async () => {
        await create();
        expect(lines().at(-1)).toMatchObject({ action: "script_apply", details: { authorities: ["ed25519"] } });
    });

    it("is announced in the preview, which knows no key", async () => {
        const { outputs } = await script.create(inputsOf({ seed: UNKNOWN }), context({ preview: true }));
        expect(outputs).toMatchObject({ publicKey: "", sha256: UNKNOWN });
        expect(said).toContain(
            "hub: relay.sh is written; the following changes take effect when it is run on the relay",
        );
        expect(said).toContain("hub: alice will be added at 10.8.0.2");
    });
});

describe("a receipt that comes back", () => {
    it("makes the relay's key and who is on the wire known, without another script", async () => {
        const inputs = inputsOf();
        const outputs = await create(inputs);
        const news = inputsOf({ receipt: told(outputs, { peers: [KEYS.alice], removed: [KEYS.carol] }) });
        expect((await script.diff(id, inputs, outputs, news, context())).changes).toStrictEqual({
            [`receipt["${String(outputs.edition)}"]`]: "add",
        });
        const after = await update(inputs, outputs, news);
        expect(after).toMatchObject({ publicKey: KEYS.dave, sha256: outputs.sha256, edition: outputs.edition });
        expect(Object.keys(after.registry as object)).toStrictEqual(["alice"]);
        expect(actions().slice(-5)).toStrictEqual([
            "script_apply_begin",
            "script_receipt",
            "peer_add",
            "drift_overwritten",
            "script_apply",
        ]);
        expect((await script.diff(id, news, after, news, context())).changes).toStrictEqual({});
    });

    it("calls nobody revoked before it says so", async () => {
        const first = inputsOf();
        const outputs = await create(first);
        const second = inputsOf({ receipt: told(outputs) });
        const known = await update(first, outputs, second);
        const { alice } = first.peers as Record<string, unknown>;
        const third = { ...second, peers: { alice } };
        const removed = await update(second, known, third);
        expect(removed.registry).toMatchObject({ bob: { status: "active" } });
        const fourth = { ...third, receipt: told(removed, { peers: [KEYS.alice], fields: { generation: 12 } }) };
        expect(actions()).not.toContain("peer_remove");
        const after = await update(third, removed, fourth);
        expect(after.registry).toMatchObject({ alice: { status: "active" }, bob: { status: "revoked" } });
        expect(actions()).toContain("peer_remove");
        await expect(script.diff(id, fourth, after, second, context())).rejects.toThrow(
            /^peers\.bob\.publicKey: SHA256:\S+ was revoked on .* as bob; use a new key/,
        );
    });

    it.each([
        [
            "another relay's",
            { seed: KEYS.alice, fields: { owner: "shop/dev/other" } },
            "it is of shop/dev/other, this is shop/dev/hub; give the receipt of this relay",
        ],
        [
            "one without the relay's seed",
            { seed: KEYS.alice },
            "it is not from a script of this relay, or it was changed; paste the whole receipt again, or run the newest script for a new one",
        ],
    ] as [string, Told, string][])("is refused when it is %s", async (_what, more, reason) => {
        const outputs = await create();
        const inputs = inputsOf({ receipt: told(outputs, more) });
        const { failures } = await script.check(inputs, inputsOf(), context());
        expect(failures.map(faultText)).toStrictEqual([`host.receipt: ${reason}`]);
        await expect(update(inputsOf(), outputs, inputs)).rejects.toThrow(reason.split("; ")[0]);
    });

    it("is taken from a relay that has been renamed since its script was written", async () => {
        const outputs = await create();
        const inputs = inputsOf({ receipt: told(outputs, { fields: { owner: "shop/dev/its-former-name" } }) });
        expect((await script.check(inputs, inputsOf(), context())).failures).toStrictEqual([]);
    });

    it("is refused when a newer one was given, unless the relay began anew", async () => {
        const outputs = await create();
        const newer = inputsOf({ receipt: told(outputs, { fields: { generation: 9 } }) });
        const older = inputsOf({ receipt: told(outputs, { fields: { generation: 8 } }) });
        const anew = inputsOf({ receipt: told(outputs, { fields: { generation: 1, publicKey: KEYS.carol } }) });
        const reasons = async (news: Properties): Promise<string[]> =>
            (await script.check(news, newer, context())).failures.map(faultText);
        expect(await reasons(older)).toEqual([
            expect.stringMatching(/^host.receipt: it is of .*, older than the previous one of .*; give the newest$/),
        ]);
        expect(await reasons(anew)).toEqual([]);
    });

    it("must agree with a public key that the program gives; alone that key is enough", async () => {
        const outputs = await create(inputsOf({ relayPublicKey: KEYS.carol }));
        expect(outputs.publicKey).toBe(KEYS.carol);
        const inputs = inputsOf({ relayPublicKey: KEYS.carol, receipt: told(outputs) });
        expect((await script.check(inputs, undefined, context())).failures).toStrictEqual([
            {
                path: "host.relayPublicKey",
                problem: `the relay's key in the receipt is ${KEYS.dave}`,
                fix: `remove relayPublicKey, or find out which relay the receipt is from`,
            },
        ]);
        const bad = await script.check(inputsOf({ relayPublicKey: "no key" }), undefined, context());
        expect(bad.failures.map(({ path }) => path)).toStrictEqual(["host.relayPublicKey"]);
    });
});

describe("a service", () => {
    const closed = () => inputsOf({ services: { notes: NOTES }, rules: { alice: ["10.8.0.2 -> 10.8.0.1 tcp/8443"] } });

    it("stays closed, and nobody is let through to its port, until its certificate can be carried there", async () => {
        const inputs = closed();
        const outputs = await create(inputs);
        expect(step("proxy").services).toBe("");
        expect(step("grants").elements).toBe("");
        expect(step("requests").wanted).toBe("notes\ted25519\n");
        expect(outputs.served).toMatchObject({ notes: { state: "waits" } });

        const receipt = told(outputs, { requests: { notes: requestOf() }, services: { notes: "closed" } });
        const after = await update(inputs, outputs, { ...inputs, receipt });
        expect(after.sha256).not.toBe(outputs.sha256);
        const { notes } = after.certificates as Record<string, { file: string; certificate: string }>;
        expect(step("proxy")).toMatchObject({
            services: "notes\t8443\t10.8.0.3:3000\t10.8.0.1\n",
            [`cert.${notes!.file}.pem`]: notes!.certificate,
            "leaf-keys": `${notes!.file}\tnotes-ed25519\n`,
        });
        expect(Object.keys(step("proxy")).filter((name) => name.endsWith(".key"))).toStrictEqual([]);
        expect(step("grants").elements).toBe("acl4 10.8.0.2 . 10.8.0.1 . tcp . 8443\n");
        expect(certificateInfo(notes!.certificate).names).toStrictEqual(["notes.qp-tunnel.internal", "10.8.0.1"]);
    });

    it("is not certified for a key of another kind", async () => {
        const inputs = closed();
        const outputs = await create(inputs);
        const requests = { notes: requestOf(["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]) };
        const after = await update(inputs, outputs, { ...inputs, receipt: told(outputs, { requests }) });
        expect(after.certificates).toStrictEqual({});
    });
});

describe("the file", () => {
    it("is written again when it was changed, or is gone before it has run", async () => {
        const inputs = inputsOf();
        const outputs = await create(inputs);
        const drift = async (state: Properties): Promise<unknown> =>
            (await script.read(id, inputs, state, context()))?.outputs.drift;
        expect(await drift(outputs)).toStrictEqual({});
        writeFileSync("relay.sh", "rm -rf /\n");
        expect(await drift(outputs)).toStrictEqual({
            script: "relay.sh is not the script that was written; `pulumi up --refresh` writes it again",
        });
        rmSync("relay.sh");
        expect(await drift(outputs)).toStrictEqual({
            script: "relay.sh is missing, and its receipt has not come back; `pulumi up --refresh` writes it again",
        });
        expect((await update(inputs, outputs, inputs)).edition).not.toBe(outputs.edition);
        rmSync("relay.sh");
        const mark = { edition: outputs.edition, generation: 1, machine: "m1", publicKey: "", script: outputs.sha256 };
        expect(await drift({ ...outputs, receipt: mark })).toStrictEqual({});
    });

    it("says at a refresh that nothing can be looked at", async () => {
        const inputs = inputsOf();
        await script.read(id, inputs, await create(inputs), context());
        expect(said).toContain(
            "hub: there is no connection to this relay, so it cannot be read; no receipt has come back yet",
        );
    });

    it("removes the relay once it is destroyed, and is left alone by a replacement", async () => {
        const inputs = inputsOf();
        const outputs = await create(inputs);
        await script.delete(id, inputs, outputs, context());
        expect(readFileSync("relay.sh", "utf8")).toContain("@@step check\n");
        await script.delete(id, inputs, outputs, context({ urn: "urn:from-the-state" }));
        expect([...readFileSync("relay.sh", "utf8").matchAll(/^@@step (.*)$/gm)].map(([, name]) => name)).toStrictEqual(
            ["remove"],
        );
        // Nobody has seen it go.
        expect(actions()).not.toContain("relay_destroy");
    });
});
