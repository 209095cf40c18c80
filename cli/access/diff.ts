import type { Right } from "../../core/access/rights.js";
import type { RelayRights } from "./rights.js";

export interface ChangedRight extends Right {
    change: "added" | "removed";
    relay: string;
}

/** What is allowed in one of two states only. A different grant that allows the same is not a change. */
export function changedRights(old: readonly RelayRights[], next: readonly RelayRights[]): ChangedRight[] {
    const [before, after] = [old, next].map(flat) as [ChangedRight[], ChangedRight[]];
    const [had, has] = [before, after].map((rights) => new Set(rights.map(flow))) as [Set<string>, Set<string>];
    return [
        ...before.filter((right) => !has.has(flow(right))).map((right) => ({ ...right, change: "removed" as const })),
        ...after.filter((right) => !had.has(flow(right))),
    ];
}

function flat(relays: readonly RelayRights[]): ChangedRight[] {
    return relays.flatMap(({ relay, rights }) =>
        rights.map((right) => ({ change: "added" as const, relay, ...right })),
    );
}

function flow({ relay, from, to, ports }: ChangedRight): string {
    return [relay, from, to, ports].join("\n");
}
