import { existsSync, readFileSync } from "node:fs";

import type { Input } from "@pulumi/pulumi";

import { isSupplied, refuseSupplied } from "../../core/arguments/index.js";
import { InvalidArgument } from "../../core/errors.js";
import { parsePublicKey } from "../../core/keys/text.js";
import { inProject } from "../audit/paths.js";
import type { Host } from "./functions.js";

export interface ScriptOptions {
    /** Where the script is written, relative to the project; its signature and the key to verify it lie beside it. */
    path: string;
    /**
     * What the script printed when it was run, pasted, or `file:PATH` of it, relative to the project. A file that is not
     * there yet counts as not given yet.
     */
    receipt?: Input<string>;
    /** The relay's WireGuard public key alone, where no receipt can be had. Default: from the receipt. */
    relayPublicKey?: Input<string>;
}

/**
 * A machine without remote access: `up` writes a script, the operator carries it there, runs it as root, and carries
 * its receipt back.
 */
export function script(options: ScriptOptions): Host {
    refuseSupplied("script", options, "hosts.script");
    const { path, receipt, relayPublicKey } = options;
    if (typeof path !== "string" || path === "" || path.endsWith("/") || /[\0\n\r]/.test(path)) {
        throw new InvalidArgument("hosts.script.path", "is not the path of a file", 'give one like "relay.sh"');
    }
    if (receipt !== undefined && typeof receipt !== "string" && !isSupplied(receipt)) {
        throw new InvalidArgument("hosts.script.receipt", "is not a text", 'paste the receipt, or say "file:PATH"');
    }
    if (typeof relayPublicKey === "string") parsePublicKey(relayPublicKey, "hosts.script.relayPublicKey");
    const text = typeof receipt === "string" ? receiptText(receipt) : suppliedReceipt(receipt);
    return {
        descriptor: { kind: "script", path },
        carried: {
            ...(text === undefined ? {} : { receipt: text }),
            ...(relayPublicKey === undefined ? {} : { relayPublicKey }),
        },
    };
}

/** Of another resource, it comes later. */
function suppliedReceipt(receipt: Input<string> | undefined): Input<string> | undefined {
    if (receipt === undefined) return undefined;
    const { output } = require("@pulumi/pulumi") as typeof import("@pulumi/pulumi");
    return output(receipt).apply(receiptText) as Input<string>;
}

function receiptText(receipt: string): string | undefined {
    if (!receipt.startsWith("file:")) return receipt;
    const { getProject } = require("@pulumi/pulumi") as typeof import("@pulumi/pulumi");
    const file = inProject(receipt.slice("file:".length), getProject());
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
