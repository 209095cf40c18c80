import type { ProxyService } from "../../../core/registry/model.js";
import { serviceUrls } from "../../../core/names.js";
import type { ScriptHost } from "../../hosts/descriptors.js";
import type { Receipt } from "../../hosts/receipt.js";
import { comparedBy, sentencesOf } from "../effects.js";
import { firewallParts } from "../firewall/firewall.js";
import { grantsParts } from "../grants/grants.js";
import { placed } from "../relay/placed.js";
import { renameSentences } from "../relay/rename.js";
import { proxyParts } from "../proxy/proxy.js";
import type { Change } from "../relay/change.js";
import type { ChangeKind, Properties } from "../resource.js";
import { type ReceiptMark, receiptOf } from "./receipt.js";
import { wireguardParts } from "../wireguard/wireguard.js";
import { count, listNames } from "../sentences.js";

/** The service registry, as far as a receipt tells. `waits`: for the relay's receipt, or for its next one. */
export type Served = Record<string, ServedService>;

interface ServedService {
    url: string;
    addressUrl: string;
    port: number;
    upstream: string;
    state: "open" | "waits";
}

/** What the new script will do, and what came back from the last one. */
export function scriptSentences(change: Change, changes: Record<string, ChangeKind>): string[] {
    const { inputs, before } = change;
    const { relay } = placed(inputs);
    const sentences = renameSentences(change);
    const receipt = receiptOf(inputs);
    const news = isNews(receipt, before?.outputs);
    if (receipt !== undefined && news) {
        sentences.push(
            `${relay}: the receipt of ${receipt.edition} is taken over: ${count(Object.keys(receipt.peers).length, "peer")} on the wire`,
        );
        const known = before?.outputs.publicKey;
        if (typeof known === "string" && known !== "" && known !== receipt.publicKey) {
            sentences.push(`${relay}: the relay has another key: every peer needs its new configuration`);
        }
    }
    const touches = (keys: readonly string[]): boolean =>
        before === undefined || Object.keys(changes).some((path) => keys.includes(path.split(/[.[]/)[0] ?? ""));
    const effects = [firewallParts, wireguardParts, proxyParts, grantsParts].flatMap((parts) =>
        touches([...comparedBy(parts), ...(parts === proxyParts ? ["certificates"] : [])])
            ? sentencesOf(parts, change)
            : [],
    );
    const requests = receipt?.requests ?? ((before?.outputs.requests ?? {}) as Record<string, string>);
    const waiting = Object.keys(inputs.services as object).filter((name) => requests[name] === undefined);
    const path = (placed(inputs).host as ScriptHost).path;
    if (effects.length > 0 || before === undefined || (news && hasNewRequests(receipt, before.outputs))) {
        sentences.push(`${relay}: ${path} is written; what follows happens when it is run on the relay`, ...effects);
    }
    if (waiting.length > 0 && (before === undefined || Object.keys(changes).length > 0)) {
        sentences.push(
            `${relay}: ${listNames(waiting)} ${waiting.length === 1 ? "stays" : "stay"} closed until the relay's receipt has asked for a certificate and the script after it is run`,
        );
    }
    return sentences;
}

/** What nobody can look at, in words. */
export function blindness(inputs: Properties, outputs: Properties): string {
    const { relay } = placed(inputs);
    const receipt = outputs.receipt as ReceiptMark | undefined;
    const said =
        receipt === undefined
            ? "no receipt has come back yet"
            : `its last receipt is of script ${receipt.script.slice(0, 16)} (${receipt.edition}), generation ${receipt.generation}`;
    const pending =
        receipt !== undefined && receipt.script !== outputs.sha256 ? "; the newest script has not come back" : "";
    return `${relay}: nothing connects to this relay, so the wire cannot be looked at; ${said}${pending}`;
}

export function isNews(receipt: Receipt | undefined, outputs: Properties | undefined): boolean {
    const mark = outputs?.receipt as ReceiptMark | undefined;
    return (
        receipt !== undefined &&
        (mark?.edition !== receipt.edition ||
            mark.generation !== receipt.generation ||
            mark.publicKey !== receipt.publicKey)
    );
}

export function servedOf(inputs: Properties, receipt: Receipt | undefined, before: Served): Served {
    const { services, addresses } = inputs as { services: Record<string, ProxyService>; addresses: string[] };
    return Object.fromEntries(
        Object.entries(services).map(([name, { port, upstream }]) => [
            name,
            {
                ...serviceUrls({ name, port }, { appName: placed(inputs).appName, addresses }),
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
function hasNewRequests(receipt: Receipt | undefined, outputs: Properties): boolean {
    const { publicKey } = (outputs.receipt ?? {}) as Partial<ReceiptMark>;
    const certified = Object.keys(outputs.certificates ?? {});
    const rebuilt = publicKey !== undefined && publicKey !== receipt?.publicKey;
    return Object.keys(receipt?.requests ?? {}).some((name) => rebuilt || !certified.includes(name));
}
