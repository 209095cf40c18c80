import { serviceUrls } from "../../../core/names.js";
import { type ScriptChange, type ScriptInputs, type ScriptOutputs, scriptPath, type Served } from "./inputs.js";
import { servicesOf } from "../proxy/services.js";
import { resolvedProxy } from "../proxy/inputs.js";
import type { Receipt } from "../../hosts/receipt.js";
import { comparedBy, sentencesOf } from "../effects.js";
import { firewallParts } from "../firewall/firewall.js";
import { grantsParts } from "../grants/grants.js";
import { renameSentences } from "../relay/rename.js";
import { proxyParts } from "../proxy/proxy.js";
import type { ChangeKind } from "../resource.js";
import { receiptOf } from "./receipt.js";
import { wireguardParts } from "../wireguard/wireguard.js";
import { count, listNames } from "../sentences.js";

/** What the new script will do, and what came back from the last one. */
export function scriptSentences(change: ScriptChange, changes: Record<string, ChangeKind>): string[] {
    const { inputs, before } = change;
    const { relay } = inputs;
    const sentences = renameSentences(change);
    const receipt = receiptOf(inputs);
    const news = isNews(receipt, before?.outputs);
    if (receipt !== undefined && news) {
        sentences.push(
            `${relay}: the receipt of ${receipt.edition} is accepted: ${count(Object.keys(receipt.peers).length, "peer")} on the interface`,
        );
        const known = before?.outputs.publicKey;
        if (known !== undefined && known !== "" && known !== receipt.publicKey) {
            sentences.push(`${relay}: the relay has a different key: every peer needs its new configuration`);
        }
    }
    const touches = (keys: readonly string[]): boolean =>
        before === undefined || Object.keys(changes).some((path) => keys.includes(path.split(/[.[]/)[0] ?? ""));
    const effects = [
        ...(touches(comparedBy(firewallParts)) ? sentencesOf(firewallParts, change) : []),
        ...(touches(comparedBy(wireguardParts)) ? sentencesOf(wireguardParts, change) : []),
        ...(touches([...comparedBy(proxyParts), "certificates"]) ? sentencesOf(proxyParts, change) : []),
        ...(touches(comparedBy(grantsParts)) ? sentencesOf(grantsParts, change) : []),
    ];
    const requests = receipt?.requests ?? before?.outputs.requests ?? {};
    const waiting = Object.keys(servicesOf(inputs)).filter((name) => requests[name] === undefined);
    const path = scriptPath(inputs);
    if (effects.length > 0 || before === undefined || (news && hasNewRequests(receipt, before.outputs))) {
        sentences.push(
            `${relay}: ${path} is written; the following changes take effect when it is run on the relay`,
            ...effects,
        );
    }
    if (waiting.length > 0 && (before === undefined || Object.keys(changes).length > 0)) {
        sentences.push(
            `${relay}: ${listNames(waiting)} ${waiting.length === 1 ? "stays" : "stay"} closed until the relay's receipt has requested a certificate and the next script is run`,
        );
    }
    return sentences;
}

/** The sentence of a refresh that cannot read the relay. */
export function unreadableSentence(inputs: ScriptInputs, outputs: ScriptOutputs): string {
    const { relay } = inputs;
    const receipt = outputs.receipt;
    const lastReceipt =
        receipt === undefined
            ? "no receipt has come back yet"
            : `its last receipt is of script ${receipt.script.slice(0, 16)} (${receipt.edition}), generation ${receipt.generation}`;
    const pending =
        receipt !== undefined && receipt.script !== outputs.sha256 ? "; the newest script has not come back" : "";
    return `${relay}: there is no connection to this relay, so it cannot be read; ${lastReceipt}${pending}`;
}

export function isNews(receipt: Receipt | undefined, outputs: ScriptOutputs | undefined): boolean {
    const mark = outputs?.receipt;
    return (
        receipt !== undefined &&
        (mark?.edition !== receipt.edition ||
            mark.generation !== receipt.generation ||
            mark.publicKey !== receipt.publicKey)
    );
}

export function servedOf(inputs: ScriptInputs, receipt: Receipt | undefined, before: Served): Served {
    const { services, addresses } = resolvedProxy(inputs);
    return Object.fromEntries(
        Object.entries(services).map(([name, { port, upstream }]) => [
            name,
            {
                ...serviceUrls({ name, port }, { appName: inputs.appName, addresses }),
                port,
                upstream,
                state:
                    (receipt === undefined ? before[name]?.state : receipt.services[name]) === "open"
                        ? "open"
                        : "waits",
            },
        ]),
    );
}

/** Whether the receipt asks for a certificate that no script has carried yet. A relay that was set up from nothing has other keys. */
function hasNewRequests(receipt: Receipt | undefined, outputs: ScriptOutputs): boolean {
    const { publicKey } = outputs.receipt ?? {};
    const certified = Object.keys(outputs.certificates ?? {});
    const rebuilt = publicKey !== undefined && publicKey !== receipt?.publicKey;
    return Object.keys(receipt?.requests ?? {}).some((name) => rebuilt || !certified.includes(name));
}
