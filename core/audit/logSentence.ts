/** What every preview and update says of the log: a pipeline's own output witnesses it. */
export interface LogSentence {
    size: number;
    /** The first characters of the last record's hash. */
    head: string;
    outcome: "verified" | "pinned";
}

export function renderLogSentence({ size, head, outcome }: LogSentence): string {
    return `audit log: ${size} records, head ${head.slice(0, HEAD)}, ${outcome}`;
}

/** The inverse; undefined for another sentence. */
export function parseLogSentence(text: string): LogSentence | undefined {
    const [, size, head, outcome] =
        /^audit log: (\d+) records, head ([0-9a-f]{16}), (verified|pinned)$/.exec(text) ?? [];
    if (size === undefined || head === undefined) return undefined;
    return { size: Number(size), head, outcome: outcome === "pinned" ? "pinned" : "verified" };
}

const HEAD = 16;
