import { createHash } from "node:crypto";

import { AuditLog } from "../../audit/log.js";
import { receiptPads } from "../../hosts/receipt.js";
import { type ScriptChange, type ScriptInputs, type ScriptOutputs, scriptPath } from "./inputs.js";
import { servicesOf } from "../proxy/services.js";
import { peersOf } from "../wireguard/peerChanges.js";
import type { Drift } from "../../../core/drift.js";
import { REPAIR } from "../../../core/repair.js";
import { inProject } from "../../audit/paths.js";
import { relayValues } from "../../hosts/host.js";
import { relayProgram } from "../../hosts/program.js";
import { targetOf } from "../relay/target.js";
import { renderScript, scriptHash, scriptName, writeScript } from "./file.js";
import { bundlesOf, type Payload } from "./payload.js";
import { count } from "../sentences.js";

export async function write(
    id: string,
    { inputs, context, before }: ScriptChange,
    payload: Payload,
    edition: string,
    auditMark: string,
    comments: string[],
): Promise<string> {
    const { audit, interface: device } = inputs;
    const path = inProject(scriptPath(inputs), audit.project);
    const { name, etc, run, owner } = relayValues(targetOf(inputs, context));
    const signer = await (await AuditLog.open(audit, { expectExisting: true })).signingKey();
    const text = renderScript(
        {
            comments: [...comments, `Written ${edition} for ${owner}.`],
            name: scriptName(path),
            publicKey: signer.publicKey,
            values: { name, interface: device, etc, run, owner, edition, ...receiptPads(String(inputs.seed)) },
        },
        bundlesOf({ inputs, context, ...(before === undefined ? {} : { before }) }, payload, {
            id,
            auditMark,
            edition,
        }),
    );
    return writeScript(path, text, signer);
}

/** Time as it is, but later than the edition before: the relay refuses what is older than what it has run. */
export function nextEdition({ edition }: ScriptOutputs): string {
    const last = typeof edition === "string" ? Date.parse(edition) : 0;
    return new Date(Math.max(Date.now(), last + 1)).toISOString();
}

export function purpose({ inputs }: ScriptChange): string[] {
    const { relay, interface: device } = inputs;
    const services = servicesOf(inputs);
    return [
        `Makes this machine the WireGuard relay ${relay}, interface ${device}, or brings it up to date:`,
        `${count(Object.keys(peersOf(inputs)).length, "peer")}, ${count(Object.keys(services).length, "service")}.`,
    ];
}

export function digestOf(bundles: Record<string, string>): string {
    return createHash("sha256").update(JSON.stringify(bundles)).update(relayProgram()).digest("hex");
}

/** The script that is to be carried must be the one that was written; once it has run it is not needed any more. */
export function fileDrift(inputs: ScriptInputs, outputs: ScriptOutputs): Drift[] {
    const { audit } = inputs;
    const path = scriptPath(inputs);
    const found = scriptHash(inProject(path, audit.project));
    if (found === outputs.sha256) return [];
    if (found !== undefined)
        return [{ kind: "script", sentence: `${path} is not the script that was written; ${REPAIR} writes it again` }];
    if (outputs.receipt?.script === outputs.sha256) return [];
    const sentence = `${path} is missing, and its receipt has not come back; ${REPAIR} writes it again`;
    return [{ kind: "script", sentence }];
}
