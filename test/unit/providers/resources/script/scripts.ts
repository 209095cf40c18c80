import { spawnSync } from "node:child_process";

import {
    readScript,
    readScriptOutputs,
    type ScriptChange,
    type ScriptInputs,
} from "../../../../../providers/resources/script/inputs.js";
import type { Properties } from "../../../../../providers/resources/resource.js";
import { SEED } from "../receipts.js";
import { contextOf, type Told } from "../relay/lifecycle.js";
import { KEYS, peer, wireInputs } from "../relays.js";

export const NOTES = { port: 8443, upstream: "10.8.0.3:3000", certificate: "ed25519", keyExchange: "require" };

/** What a program tells the script of a relay with two peers; alice is allowed to reach bob over SSH. */
export function scriptProperties(more: Properties = {}): Properties {
    const {
        privateKeys: _made,
        machine: _unknown,
        ...wire
    } = wireInputs({
        alice: peer("10.8.0.2", { publicKey: KEYS.alice }),
        bob: peer("10.8.0.3", { publicKey: KEYS.bob, routes: ["192.168.7.0/24"] }),
    });
    return {
        ...wire,
        seed: SEED,
        host: { kind: "script", path: "relay.sh" },
        audit: { path: "audit.jsonl", project: "shop", stack: "dev" },
        subnet: "10.8.0.0/24",
        interfaces: ["wg0"],
        routes: [],
        addresses: ["10.8.0.1"],
        services: {},
        rules: { alice: ["10.8.0.2 -> 10.8.0.3 tcp/22"] },
        ...more,
    };
}

export function scriptInputs(more: Properties = {}): ScriptInputs {
    return readScript(scriptProperties(more));
}

/** A change of the script's inputs; without `before` it is the first script. */
export function scriptChange(
    news: Properties = {},
    before?: { inputs: Properties; outputs: Properties },
): ScriptChange & { context: Told } {
    return {
        ...(before === undefined
            ? {}
            : { before: { inputs: scriptInputs(before.inputs), outputs: readScriptOutputs(before.outputs) } }),
        inputs: scriptInputs(news),
        context: contextOf(),
    };
}

/** A certificate request, as a relay's openssl makes it. */
export function requestOf(algorithm = ["ed25519"]): string {
    const shell = 'openssl req -new -newkey "$@" -nodes -keyout /dev/null -subj /CN=notes 2>/dev/null';
    return spawnSync("sh", ["-c", shell, "request", ...algorithm], { encoding: "utf8" }).stdout;
}
