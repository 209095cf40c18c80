import type { ApprovedLog } from "./statement.js";

/** What a preview says of the log where updates have to be approved: an approval is for the log as it is then. */
export function renderBase({ path, genesis, size, head }: ApprovedLog): string {
    const log = `an approval of this plan is for the log ${path}`;
    if (size === 0) return `${log}, which is not begun yet`;
    return `${log} of ${genesis} with ${size} records, the last ${head}`;
}

/** The inverse; undefined for another sentence. */
export function parseBase(text: string): ApprovedLog | undefined {
    const [, path, genesis, size, head] = BASE.exec(text) ?? [];
    if (path === undefined) return undefined;
    return { path, genesis: genesis ?? "", size: Number(size ?? 0), head: head ?? "" };
}

const BASE =
    /^an approval of this plan is for the log (.+?)(?:, which is not begun yet| of ([0-9a-f]{64}) with (\d+) records, the last ([0-9a-f]{64}))$/s;
