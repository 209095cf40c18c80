/*
 * What has to be compared before anything is appended to a log: each machine that a program manages bears the record under which it
 * was changed last, and a log that lacks one of them was rolled back. So the machines' marks are checked before anything is written.
 */

type Comparison = () => Promise<void>;

/** By the log's path; in this process, which is the engine's for one run. */
const due = new Map<string, Map<string, Comparison>>();

/** @param key by which a comparison is known: the same one takes the place of the former */
export function compareBeforeRecord(path: string, key: string, comparison: Comparison): void {
    const all = due.get(path) ?? new Map<string, Comparison>();
    due.set(path, all.set(key, comparison));
}

/**
 * Makes the comparisons that are due for a log, all at once. What passed is not asked again.
 *
 * @throws what a comparison throws: then nothing may be written
 */
export async function compareAllDue(path: string): Promise<void> {
    const all = due.get(path);
    if (all === undefined) return;
    await Promise.all(
        [...all].map(async ([key, comparison]) => {
            await comparison();
            if (all.get(key) === comparison) all.delete(key);
        }),
    );
}
