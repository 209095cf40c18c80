import * as fc from "fast-check";

import { faultText } from "../../../../../core/fault.js";
import { AuditLog } from "../../../../../providers/audit/log.js";
import { lostKeyFailures } from "../../../../../providers/resources/keys/lostKeys.js";
import type { Properties } from "../../../../../providers/resources/resource.js";
import { scratchProject } from "../../audit/scratch.js";
import { contextOf, REF } from "../relay/lifecycle.js";

scratchProject();

type Mark = { sequence: number; hash: string };

const append = async (action: string, details: Properties, status: "success" | "failure" = "success"): Promise<Mark> =>
    (await AuditLog.open(REF)).append({ action, status, message: "Done", details: { relay: "hub", ...details } });
const applied = (keys: Properties): Promise<Mark> => append("peers_apply", { keys_in_state: keys });
const added = (name: string, key: string): Promise<Mark> =>
    append("peer_add", { name, tunnel_ip: "10.8.0.2", public_key: key, fingerprint: "f" });
const ledger = (peers: Properties): Promise<Mark> =>
    append("registry_update", { ledger: { peers, services: {}, retired: { peers: {}, services: {} } } });

async function refusal(missing: Properties | undefined, more: Properties = {}): Promise<string | undefined> {
    const news = { relay: "hub", audit: REF, missing, ...more };
    return (await lostKeyFailures(news, false, contextOf())).map(faultText)[0];
}

test("there is nothing to refuse where nothing is looked for, or the log has nothing of the relay", async () => {
    expect(await refusal({ epochs: "1", peers: "nas", authorities: "ed25519", held: "" })).toBeUndefined();
    await applied({ 1: "K1" });
    expect(await refusal(undefined)).toBeUndefined();
    expect(await refusal({ held: "" })).toBeUndefined();
});

describe("the relay's key", () => {
    it("that the interface has and no pair in the state is lost", async () => {
        const { hash } = await applied({ 1: "K1" });
        expect(await refusal({ epochs: "1", held: "" })).toBe(
            `relay hub: the state does not have the relay's key, and the log (line 1) says that the relay uses it: a new one is generated, and every configuration in use stops working; restore the state, or copy the keys from the relay (docs/adopting.md), or set replaceLostKeys: "${hash}" to generate new ones`,
        );
        expect(await refusal({ epochs: "1", held: "other K1" })).toBeUndefined();
    });

    it("of one epoch among several is named", async () => {
        await applied({ 1: "K1", 2: "K2" });
        expect(await refusal({ epochs: "1 2", held: "K1" })).toContain(
            "does not have the relay's key of epoch 2, and the log (line 1) says that the relay uses it: a new one is generated, and every configuration of epoch 2 stops working;",
        );
        expect(await refusal({ epochs: "1 2", held: "" })).toContain(
            "does not have the relay's key of epoch 1 and the relay's key of epoch 2, and the log (line 1) says that the relay uses them: new ones are generated, and every configuration in use stops working;",
        );
    });

    it("is the newest one in a record of an older version, which has no other", async () => {
        await append("peers_apply", { public_key: "K1" });
        expect(await refusal({ epochs: "1", held: "" })).toContain("does not have the relay's key,");
        expect(await refusal({ epochs: "2", held: "K1" })).toBeUndefined();
    });

    it("that only the relay had is not the state's to lose, nor one whose interface was removed or never applied", async () => {
        await applied({});
        expect(await refusal({ epochs: "1", held: "" })).toBeUndefined();
        await applied({ 1: "K1" });
        await append("interface_remove", {});
        expect(await refusal({ epochs: "1", held: "" })).toBeUndefined();
        await append("peers_apply", { keys_in_state: { 1: "K1" } }, "failure");
        await append("peers_apply", { relay: "other", keys_in_state: { 1: "K1" } });
        expect(await refusal({ epochs: "1", held: "" })).toBeUndefined();
        await applied({ 1: "K1" });
        await append("registry_archive_begin", {});
        expect(await refusal({ epochs: "1", held: "" })).toBeUndefined();
    });

    it("is never missed through rotations, interrupted ones as well, and always once it is gone", async () => {
        const stage = fc.record({
            epochs: fc.constantFrom<number[]>([1], [1, 2], [2], [2, 3], [3]),
            isApplied: fc.boolean(),
            gone: fc.option(fc.integer({ min: 1, max: 3 })),
        });
        let run = 0;
        await fc.assert(
            fc.asyncProperty(fc.array(stage, { minLength: 1, maxLength: 6 }), async (stages) => {
                const relay = `hub${run++}`;
                const pairs = new Map<number, string>();
                let onRelay = new Map<number, string>();
                for (const { epochs, isApplied, gone } of stages) {
                    // Pairs come before the interface is applied, and those of former epochs go after it.
                    for (const epoch of epochs) if (!pairs.has(epoch)) pairs.set(epoch, `${relay}-K${epoch}-${run++}`);
                    if (isApplied) {
                        for (const epoch of [...pairs.keys()]) if (!epochs.includes(epoch)) pairs.delete(epoch);
                        onRelay = new Map(pairs);
                        await append("peers_apply", { relay, keys_in_state: Object.fromEntries(pairs) });
                    }
                    const ask = (held: Iterable<string>): Promise<string | undefined> =>
                        refusal({ epochs: epochs.join(" "), held: [...held].join(" ") }, { relay });
                    expect(await ask(pairs.values())).toBeUndefined();
                    if (gone === null || !epochs.includes(gone)) continue;
                    const key = pairs.get(gone)!;
                    const found = await ask([...pairs.values()].filter((each) => each !== key));
                    expect(found !== undefined).toBe(onRelay.get(gone) === key);
                }
            }),
            { numRuns: 25 },
        );
    });
});

describe("the key of a peer", () => {
    beforeEach(async () => {
        await ledger({ nas: { address: "10.8.0.2" } });
        await added("nas", "N1");
        await applied({ 1: "K1" });
    });

    it("that is connected with it is lost when no pair in the state has it, even when there is another by now", async () => {
        for (const held of ["K1", "K1 N2"])
            expect(await refusal({ peers: "nas", held })).toContain(
                "does not have the key of nas, and the log (line 3) says that the relay uses it: a new one is generated, and the configuration of nas stops working;",
            );
        await added("db", "D1");
        await applied({ 1: "K1" });
        expect(await refusal({ peers: "db nas", held: "K1" })).toContain(
            "the keys of db and nas, and the log (line 5) says that the relay uses them: new ones are generated, and the configurations of db and nas stop working;",
        );
    });

    it("is not lost while a pair in the state has it, or had it before a rotation that goes on", async () => {
        expect(await refusal({ peers: "nas", held: "K1 N1" })).toBeUndefined();
        expect(await refusal({ peers: "nas", held: "K1 N2 N1" })).toBeUndefined();
    });

    it("is not lost where the peer is new, was removed, or has the name that a removed one had", async () => {
        expect(await refusal({ peers: "db", held: "K1" })).toBeUndefined();
        await append("peer_remove", { name: "nas", tunnel_ip: "10.8.0.2", public_key: "N1", fingerprint: "f" });
        await applied({ 1: "K1" });
        expect(await refusal({ peers: "nas", held: "K1" })).toBeUndefined();
    });

    it("is not the state's to lose where a program gave it, in any record of the registry", async () => {
        await append("registry_update", {
            change: { peers: { nas: { address: "10.8.0.2", publicKey: "N1" } } },
            since: { record: 1, bytes: 9 },
        });
        await append("registry_update", {
            change: { peers: { nas: { address: "10.8.0.2" } } },
            since: { record: 4, bytes: 18 },
        });
        expect(await refusal({ peers: "nas", held: "K1" })).toBeUndefined();
    });
});

describe("an authority", () => {
    const made = (algorithm: string): Promise<Mark> => append("ca_create", { algorithm, fingerprint: "f" });
    const ask = (authorities: string): Promise<string | undefined> => refusal({ authorities, held: "" });

    it("that services use is lost", async () => {
        const { hash } = await made("ed25519");
        await append("services_apply", { services: [], authorities: ["ed25519"] });
        expect(await ask("ed25519")).toBe(
            `relay hub: the state does not have the ed25519 CA, and the log (line 1) says that the relay uses it: a new one is generated, and clients of its services must trust a new CA; restore the state, or set replaceLostKeys: "${hash}" to generate new ones`,
        );
    });

    it("whose use is not recorded may be one that an update was killed over", async () => {
        await made("ed25519");
        expect(await ask("ed25519")).toBeUndefined();
        await append("services_apply", { services: [] }, "failure");
        expect(await ask("ed25519")).toBeUndefined();
        // A script uses it as well, and an older version does not say which ones are used.
        await append("script_apply", {});
        expect(await ask("ed25519")).toContain("the ed25519 CA");
    });

    it("that no service needed any more is a new one when it is needed again", async () => {
        await made("ed25519");
        await made("ecdsa-p256");
        await append("services_apply", { authorities: ["ecdsa-p256", "ed25519"] });
        expect(await ask("ecdsa-p256 ed25519")).toContain("does not have the ecdsa-p256 CA and the ed25519 CA,");
        await append("services_apply", { authorities: ["ed25519"] });
        expect(await ask("ecdsa-p256")).toBeUndefined();
        expect(await ask("ecdsa-p256 ed25519")).toContain("does not have the ed25519 CA,");
    });

    it("is not lost with services that were removed, nor with a relay that was", async () => {
        await made("ed25519");
        await append("services_apply", { authorities: ["ed25519"] });
        await append("services_remove", {});
        expect(await ask("ed25519")).toBeUndefined();
        await append("services_apply", { authorities: ["ed25519"] });
        expect(await ask("ed25519")).toBeDefined();
        await append("registry_archive_begin", {});
        expect(await ask("ed25519")).toBeUndefined();
    });
});

test("all that is lost is in one sentence, which the newest record confirms", async () => {
    await append("ca_create", { algorithm: "ed25519" });
    await ledger({ nas: { address: "10.8.0.2" } });
    await added("nas", "N1");
    const { hash } = await applied({ 1: "K1" });
    await append("services_apply", { authorities: ["ed25519"] });
    const missing = { epochs: "1", peers: "nas", authorities: "ed25519", held: "" };
    expect(await refusal(missing)).toContain(
        "the state does not have the relay's key, the key of nas and the ed25519 CA, and the log (line 4) says that the relay uses them: new ones are generated, every configuration in use stops working, and clients of its services must trust a new CA;",
    );
    expect(await refusal(missing, { replaceLostKeys: "0".repeat(64) })).toContain(
        "(replaceLostKeys refers to another record);",
    );
    const context = contextOf();
    const news = { relay: "hub", audit: REF, missing, replaceLostKeys: hash };
    expect(await lostKeyFailures(news, false, context)).toEqual([]);
    expect(context.said).toEqual([
        "warning: hub: the relay's key, the key of nas and the ed25519 CA were lost with the state: new ones are generated; every configuration in use stops working until the new one is in use, and clients of its services must trust a new CA",
    ]);
});
