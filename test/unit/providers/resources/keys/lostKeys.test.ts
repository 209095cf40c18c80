import { faultText } from "../../../../../core/fault.js";
import { lostKeyFailures } from "../../../../../providers/resources/keys/lostKeys.js";
import type { Context, Properties } from "../../../../../providers/resources/resource.js";

interface Line {
    action: string;
    status: string;
    details: Properties;
    capsule: { sequence: number; hash: string };
}

let lines: Line[];
let said: string[];

jest.mock("../../../../../providers/audit/log.js", () => ({
    AuditLog: { open: async () => ({ entries: () => lines.toReversed() }) },
}));

const context = { log: (_: string, sentence: string) => said.push(sentence) } as unknown as Context;
const inputs: Properties = {
    relay: "hub",
    audit: { path: "audit.jsonl", project: "p", stack: "s" },
    loses: { relayKey: true, peers: 2 },
};

beforeEach(() => {
    [lines, said] = [[], []];
    record("registry_update");
    record("peer_add");
    record("peers_apply");
});

function record(action: string, relay = "hub", status = "success"): void {
    const sequence = lines.length;
    lines.push({ action, status, details: { relay }, capsule: { sequence, hash: `hash-${sequence}` } });
}

async function refusal(news: Properties = inputs): Promise<string | undefined> {
    return (await lostKeyFailures(news, true, context)).map(faultText)[0];
}

it("refuses while the log says that the relay is there, and names the record that says it", async () => {
    expect(await refusal()).toBe(
        'relay hub: the state does not have the keys of this relay, and the log (line 2) says that the relay exists: a new relay key and new preshared keys are generated, and every configuration in use stops working; restore the state, or copy the keys from the relay (docs/adopting.md), or set replaceLostKeys: "hash-2" to generate new ones',
    );
});

it("counts the configurations that end when the relay's own key is given", async () => {
    expect(await refusal({ ...inputs, loses: { relayKey: false, peers: 1 } })).toContain(
        "new preshared keys (and generated key pairs) are generated, and the one configuration that depends on them stops working",
    );
});

it("has nothing to refuse when everything is given, or nobody was ever connected, or the relay was removed", async () => {
    expect(await refusal({ ...inputs, loses: { relayKey: false, peers: 0 } })).toBeUndefined();
    record("registry_archive_begin");
    record("registry_update");
    expect(await refusal()).toBeUndefined();
    lines = [];
    record("registry_update");
    record("peers_apply", "hub", "failure");
    record("peers_apply", "another");
    expect(await refusal()).toBeUndefined();
});

it("refuses again after the relay was made anew", async () => {
    record("registry_archive_begin");
    record("peers_apply");
    expect(await refusal()).toContain("(line 4)");
});

it("makes new keys when the program names the record, and says what that ends; another record is not enough", async () => {
    expect(await refusal({ ...inputs, replaceLostKeys: "hash-2" })).toBeUndefined();
    expect(said).toEqual([
        "hub: its keys were lost with the state: a new relay key and new preshared keys are generated; every configuration in use stops working until the new one is in use",
    ]);
    expect(await refusal({ ...inputs, replaceLostKeys: "hash-1" })).toContain(
        "(replaceLostKeys refers to another record);",
    );
});
