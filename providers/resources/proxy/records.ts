import { servicesOf } from "./services.js";
import type { ProxyChange } from "./inputs.js";
import type { ProxyOutputs } from "./outputs.js";
import { describeRelay } from "../../../core/wireguard/leaf.js";
import type { Announcement } from "../relay/announcement.js";
import { issuersOf } from "./sentences.js";
import { NOTHING_REMOVED } from "../relay/removedFirst.js";

/** That a relay has an authority of its own, or no longer, is worth a line in the log. */
export function issuerOutcomes(relay: string, before: ProxyOutputs | undefined, outputs: ProxyOutputs): Announcement[] {
    const [then, now] = [issuersOf(before), issuersOf(outputs)];
    const algorithms = [...new Set([...Object.keys(then), ...Object.keys(now)])].sort();
    return algorithms
        .filter((algorithm) => then[algorithm]?.fingerprint !== now[algorithm]?.fingerprint)
        .map((algorithm) => {
            const left = now[algorithm];
            const { fingerprint, notAfter } = left ?? then[algorithm]!;
            return {
                action: left === undefined ? "ca_withdraw" : "ca_delegate",
                message:
                    left === undefined
                        ? `Removed the ${algorithm} intermediate CA from ${describeRelay(relay)}`
                        : `Installed an ${algorithm} intermediate CA on ${describeRelay(relay)} for certificate renewal`,
                details: { relay, algorithm, fingerprint, not_after: notAfter },
            };
        });
}

/** Services that were closed since the proxy was applied last, and that it is to serve. */
export function restoredServices({ inputs, removed = NOTHING_REMOVED }: ProxyChange): string[] {
    return Object.keys(servicesOf(inputs))
        .filter((name) => removed.services.has(name))
        .sort();
}
