import { listed } from "../list.js";
import type { RelayReview, Review } from "./model.js";

/** How a value that others chose is written. */
export type Quote = (text: string) => string;

/** The change in a few words: "2 peers added, 1 peer cut off". */
export function titleOf({ relays, errors, sentences }: Review): string {
    if (errors.length > 0) return "the preview failed";
    const sum = (of: (relay: RelayReview) => number): number => relays.reduce((all, relay) => all + of(relay), 0);
    const isInterrupted = sentences.some(({ effect }) => effect === "interrupted");
    const parts = [
        counted(
            sum(({ peers }) => peers.added.length),
            "peer",
            "added",
        ),
        counted(
            sum(({ peers }) => peers.cut.length),
            "peer",
            "cut off",
        ),
        counted(
            sum(({ peers }) => peers.expired.length),
            "expired peer",
            "removed",
        ),
        counted(
            sum(({ peers }) => peers.renamed.length),
            "peer",
            "renamed",
        ),
        isInterrupted ? "connections interrupted" : "",
        counted(
            sum(({ access }) => access.added.length),
            "access rule",
            "added",
        ),
        counted(
            sum(({ access }) => access.removed.length),
            "access rule",
            "removed",
        ),
    ].filter((part) => part !== "");
    if (parts.length > 0) return parts.join(", ");
    return sentences.some(({ effect }) => effect !== "log") ? "no peer and no access rule changes" : "nothing changes";
}

/** What happens on each relay to whom, one line a relay. */
export function relayLines({ relays }: Review, quote: Quote): string[] {
    return relays.flatMap((relay) => {
        const parts = partsOf(relay, quote);
        return parts.length === 0 ? [] : [`${quote(relay.relay)} ${parts.join("; ")}`];
    });
}

function partsOf({ peers, access, change }: RelayReview, quote: Quote): string[] {
    const names = (notes: readonly { name: string }[]): string => few(notes.map(({ name }) => quote(name)));
    const added = peers.added.map(({ name, expires }) =>
        expires === undefined ? quote(name) : `${quote(name)} until ${quote(expires)}`,
    );
    const renamed = peers.renamed.map(({ from, to }) => `${quote(from)} to ${quote(to)}`);
    const untouched = change === "kept" && peers.unchanged !== undefined ? peers.unchanged : 0;
    return [
        change === "kept" ? "" : `is ${change}`,
        added.length === 0 ? "" : `adds ${few(added)}`,
        peers.cut.length === 0 ? "" : `cuts off ${names(peers.cut)} at once`,
        peers.expired.length === 0 ? "" : `removes ${names(peers.expired)}, cut off at the expiry`,
        renamed.length === 0 ? "" : `renames ${few(renamed)}`,
        peers.changed.length === 0 ? "" : `changes ${few(peers.changed.map(quote))}`,
        peers.known ? "" : "has peers that are not known before the update",
        access.known ? "" : "has access rules that are not known before the update",
        untouched === 0 ? "" : `leaves ${counted(untouched, "peer", "as before")}`,
    ].filter((part) => part !== "");
}

function few(names: readonly string[]): string {
    return listed(names, { most: 10 });
}

function counted(number: number, noun: string, what: string): string {
    return number === 0 ? "" : `${number} ${noun}${number === 1 ? "" : "s"} ${what}`;
}
