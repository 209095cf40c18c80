import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { namesIn } from "../../../../cli/completion/names.js";
import { entry, makeLog } from "../../core/audit/logs.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();

/** A project whose log tells of a relay that changed, and of one that was destroyed. */
function project(): string {
    const registry = (number: number, relay: string, ledger: object): ReturnType<typeof entry> =>
        entry(number, { action: "registry_update", message: "The registry", details: { relay, ledger } });
    const log = makeLog([
        registry(1, "office", { peers: { dora: {} }, services: {}, retired: { peers: {}, services: {} } }),
        registry(2, "gone", { peers: {}, services: {}, retired: { peers: { otto: {} }, services: {} } }),
        registry(3, "office", {
            peers: { alice: {}, nas: {} },
            services: { wiki: {} },
            retired: { peers: { dora: {} }, services: {} },
        }),
        entry(4, {
            action: "registry_update",
            message: "The registry",
            details: {
                relay: "office",
                change: { peers: { zoe: { address: "10.8.0.9" }, nas: null }, retired: { peers: { nas: {} } } },
                since: { record: 3, bytes: 90 },
            },
        }),
        entry(5, { action: "registry_update", message: "without a ledger: begun", details: { relay: "office" } }),
    ]);
    mkdirSync(join(scratch.path, "audit"));
    mkdirSync(join(scratch.path, "deep", "er"), { recursive: true });
    scratch.write("Pulumi.yaml", "name: shop\n");
    scratch.write(join("audit", "dev.jsonl"), log.bytes);
    scratch.write(join("audit", "torn.jsonl"), 'x{"action":"registry_update"\n{"action":"regis');
    return join(scratch.path, "deep", "er");
}

it("reads names out of the newest registry of each relay, from anywhere in the project", () => {
    expect(namesIn(project())).toEqual({
        relays: ["office"],
        peers: ["alice", "zoe"],
        services: ["wiki"],
        former: ["dora", "nas", "otto"],
    });
});

it("knows no names outside a project, or where there is no log yet", () => {
    const none = { relays: [], peers: [], services: [], former: [] };
    expect(namesIn(scratch.path)).toEqual(none);
    scratch.write("Pulumi.yaml", "name: shop\n");
    expect(namesIn(scratch.path)).toEqual(none);
});
