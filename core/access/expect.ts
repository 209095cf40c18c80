import type { Fault } from "../fault.js";
import { faultOf, TunnelError } from "../errors.js";
import { cover, type Known, parseTargets, touches } from "./target.js";
import type { Right } from "./rights.js";
import { byGroups } from "./terms.js";

/** What a program says must hold of its own access rules. */
export interface Expectation {
    /** Names of peers, or networks behind them. */
    from: string[];
    allow: string[];
    deny: string[];
}

/**
 * What is expected and does not hold, or cannot be understood.
 *
 * @param path of the expectations, for instance "relay hub.expect"
 */
export function unmet(
    expectations: readonly Expectation[],
    rights: readonly Right[],
    known: Known,
    path: string,
): Fault[] {
    return expectations.flatMap(({ from, allow, deny }, index) =>
        from.flatMap((source) => {
            const own = rights.filter((right) => right.from === source);
            return [
                ...allow.flatMap((text, at) => notAllowed(own, source, text, known, `${path}[${index}].allow[${at}]`)),
                ...deny.flatMap((text, at) => notDenied(own, source, text, known, `${path}[${index}].deny[${at}]`)),
            ];
        }),
    );
}

function notAllowed(own: readonly Right[], source: string, text: string, known: Known, path: string): Fault[] {
    return judged(path, () => {
        const missed = parseTargets(text, known, path, source).filter((target) => !cover(own, target));
        if (missed.length === 0) return [];
        const near = own.filter((right) =>
            missed.some(
                (target) => touches(right, target) || touches(right, { ...target, ports: { protocol: "all" } }),
            ),
        );
        const some = near.length === 0 ? "" : `: it is only allowed ${near.map(words).join(" and ")}`;
        const fix = "add a grant, or correct the expectation";
        return [{ path, problem: `${source} is not allowed to reach ${text}${some}`, fix }];
    });
}

function notDenied(own: readonly Right[], source: string, text: string, known: Known, path: string): Fault[] {
    return judged(path, () => {
        const targets = parseTargets(text, known, path, source);
        const found = own.filter((right) => targets.some((target) => touches(right, target)));
        if (found.length === 0) return [];
        const causes = [...new Set(found.map(({ by }) => by))].join(" and ");
        const problem = `${source} is allowed to reach ${text}: ${found.map(words).join(" and ")}`;
        return [{ path, problem, fix: `narrow ${causes}, or correct the expectation` }];
    });
}

function judged(path: string, judge: () => Fault[]): Fault[] {
    try {
        return judge();
    } catch (error) {
        if (error instanceof TunnelError) return [faultOf(error, path)];
        throw error;
    }
}

/** "nas tcp/22 by grants[0]", "nas tcp/22 by grants[0] (by group admins)" */
function words({ to, ports, by, groups = [] }: Right): string {
    return `${to} ${ports} by ${by}${groups.length === 0 ? "" : ` (${byGroups(groups)})`}`;
}
