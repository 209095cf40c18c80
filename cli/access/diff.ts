import type { Right } from "../../core/access/rights.js";
import { termsWords } from "../../core/access/terms.js";

/** A right whose reason is not always known: a preview does not say it. */
export type ComparedRight = Omit<Right, "by"> & Partial<Pick<Right, "by">>;

export interface ComparedRelay {
    relay: string;
    rights: readonly ComparedRight[];
}

export type ChangedRight = ComparedRight & { change: "added" | "removed"; relay: string };

/** What is allowed in one of two states only. A different grant that allows the same is not a change. */
export function changedRights(old: readonly ComparedRelay[], next: readonly ComparedRelay[]): ChangedRight[] {
    const [before, after] = [old, next].map(flat) as [ChangedRight[], ChangedRight[]];
    const [had, has] = [before, after].map((rights) => new Set(rights.map(flow))) as [Set<string>, Set<string>];
    return [
        ...before.filter((right) => !has.has(flow(right))).map((right) => ({ ...right, change: "removed" as const })),
        ...after.filter((right) => !had.has(flow(right))),
    ];
}

/** `+ office: bob is now allowed to reach nas tcp/22 (grants[0])` */
export function changeText(right: ChangedRight): string {
    const { change, relay, from, to, ports } = right;
    const [sign, when] = change === "added" ? ["+", "now"] : ["-", "no longer"];
    const why = whyText(right);
    return `${sign} ${relay}: ${from} is ${when} allowed to reach ${to} ${ports}${why === "" ? "" : ` (${why})`}`;
}

/** What allows it, as far as it is known, and on what conditions. */
export function whyText(right: ComparedRight): string {
    return [right.by ?? "", termsWords(right)].filter((part) => part !== "").join(", ");
}

function flat(relays: readonly ComparedRelay[]): ChangedRight[] {
    return relays.flatMap(({ relay, rights }) =>
        rights.map((right) => ({ change: "added" as const, relay, ...right })),
    );
}

function flow({ relay, from, to, ports }: ChangedRight): string {
    return [relay, from, to, ports].join("\n");
}
