import { writeFileSync } from "node:fs";

import { script, type ScriptOptions } from "../../../../providers/hosts/script.js";
import { scratchProject } from "../audit/scratch.js";
import { KEYS } from "../resources/relays.js";

scratchProject();
jest.mock("@pulumi/pulumi", () => ({ getProject: () => "shop" }));

const RECEIPT = "-----BEGIN QP-TUNNEL RECEIPT-----\nx\n-----END QP-TUNNEL RECEIPT-----\n";

it("is a path, with what came back from the machine, if anything did", () => {
    expect(script({ path: "relay.sh" })).toEqual({ descriptor: { kind: "script", path: "relay.sh" }, carried: {} });
    expect(script({ path: "a/b.sh", receipt: RECEIPT, relayPublicKey: KEYS.alice }).carried).toEqual({
        receipt: RECEIPT,
        relayPublicKey: KEYS.alice,
    });
});

it("takes a receipt out of a file of the project, which need not be there yet", () => {
    const options = { path: "relay.sh", receipt: "file:relay.receipt" };
    expect(script(options).carried).toEqual({});
    writeFileSync("relay.receipt", RECEIPT);
    expect(script(options).carried).toEqual({ receipt: RECEIPT });
});

it.each<[unknown, string]>([
    [{ path: "" }, 'hosts.script.path: is not the path of a file; give one like "relay.sh"'],
    [{ path: "folder/" }, "hosts.script.path: is not the path of a file"],
    [{ path: "a\nb" }, "hosts.script.path: is not the path of a file"],
    [{ path: 7 }, "hosts.script.path: is not the path of a file"],
    [
        { path: "relay.sh", receipt: { file: "x" } },
        'hosts.script.receipt: is not a text; paste the receipt, or say "file:PATH"',
    ],
    [{ path: "relay.sh", relayPublicKey: "short" }, "hosts.script.relayPublicKey: "],
])("refuses %j", (options, message) => {
    expect(() => script(options as ScriptOptions)).toThrow(message);
});
