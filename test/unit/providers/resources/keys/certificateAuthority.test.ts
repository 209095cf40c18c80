import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { AUTHORITY_VERSION } from "../../../../../core/certificates/algorithm.js";
import { certificateAuthority } from "../../../../../providers/resources/keys/certificateAuthority.js";
import { UNKNOWN, type Context, type Properties } from "../../../../../providers/resources/resource.js";

let folder: string;
let said: string[];
let context: Context;
let inputs: Properties;

beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "qpt-authority-"));
    process.env["XDG_CONFIG_HOME"] = join(folder, "config");
    said = [];
    const log: Context["log"] = (severity, message) => void said.push(`${severity}: ${message}`);
    context = { preview: false, urn: `urn:${folder}`, log } as unknown as Context;
    const news = {
        relay: "hub",
        audit: { path: join(folder, "audit.jsonl"), project: "p", stack: "s" },
        appName: "corp",
        subnet: "10.8.0.0/24",
        algorithm: "ed25519",
    };
    ({ inputs } = await certificateAuthority.check(news, undefined, context));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** As the state of an earlier version has it. */
async function earlier(): Promise<{ inputs: Properties; outputs: Properties }> {
    const { of: _of, ...outputs } = (await certificateAuthority.create(inputs, context)).outputs;
    const { version: _, ...then } = inputs;
    return { inputs: then, outputs };
}

it("reissues the certificate of an earlier version once, with the same key, and says that clients go on", async () => {
    const old = await earlier();
    const { changes } = await certificateAuthority.diff("id", old.inputs, old.outputs, inputs, context);
    expect(changes).toEqual({ version: "add" });
    expect(said).toEqual([
        "info: hub: the ed25519 CA certificate is reissued with the same key, for TLS servers under the relay's names and addresses only: clients that trust the old one keep working; hand out the new one with `qp-tunnel ca`",
    ]);
    const preview = { ...context, preview: true };
    const { privateKey } = old.outputs;
    expect(await certificateAuthority.update("id", old.inputs, old.outputs, inputs, preview)).toEqual({
        privateKey,
        certificate: UNKNOWN,
        notAfter: UNKNOWN,
        record: UNKNOWN,
    });

    const after = await certificateAuthority.update("id", old.inputs, old.outputs, inputs, context);
    const [then, now] = [old.outputs, after].map(({ certificate }) => new X509Certificate(String(certificate)));
    expect(after["privateKey"]).toBe(privateKey);
    expect(now!.publicKey.equals(then!.publicKey)).toBe(true);
    expect(now!.fingerprint256).not.toBe(then!.fingerprint256);
    expect((await certificateAuthority.diff("id", inputs, after, inputs, context)).changes).toEqual({});
    expect(await certificateAuthority.update("id", inputs, after, inputs, context)).toBe(after);
});

/** What a replacement makes of the one in the state. */
async function replaced(old: Properties, news: Properties = inputs): Promise<Properties> {
    const { inputs: checked } = await certificateAuthority.check({ ...news, kept: old }, undefined, context);
    return (await certificateAuthority.create(checked, context)).outputs;
}

it("is the same through a replacement, and another one when it is for something else", async () => {
    const { outputs } = await certificateAuthority.create(inputs, context);
    expect(await replaced(outputs)).toEqual(outputs);
    const other = await replaced(outputs, { ...inputs, subnet: "10.9.0.0/24" });
    expect(other["privateKey"]).not.toBe(outputs["privateKey"]);
});

it("keeps its key through a replacement that comes with a new version", async () => {
    const old = await earlier();
    const outputs = await replaced(old.outputs);
    expect(outputs["privateKey"]).toBe(old.outputs["privateKey"]);
    expect(outputs["certificate"]).not.toBe(old.outputs["certificate"]);
});

it("is another one with another key when names or addresses are others, whatever its version", async () => {
    const old = await earlier();
    const news = { ...inputs, subnet: "10.9.0.0/24" };
    const { changes } = await certificateAuthority.diff("id", old.inputs, old.outputs, news, context);
    expect(changes).toEqual({ subnet: "update", version: "add" });
    expect(said).toEqual([
        "warning: hub: a new CA is created: every client must trust it before it can reach a service again",
    ]);
    const after = await certificateAuthority.update("id", old.inputs, old.outputs, news, context);
    expect(after["privateKey"]).not.toBe(old.outputs["privateKey"]);
    expect(news).toHaveProperty("version", AUTHORITY_VERSION);
});
