/** Ends of the lines in which operations wait, by what they wait for. */
const lines = new Map<string, Promise<unknown>>();

/**
 * Runs one task after the other that came with the same key. The engine may change several resources of one machine at a time, old ones
 * that were replaced and new ones: each would find that the machine has changed since it looked.
 */
export function inTurn<T>(key: string, task: () => Promise<T>): Promise<T> {
    const turn = (lines.get(key) ?? Promise.resolve()).then(task);
    const end = turn.catch(() => undefined);
    lines.set(key, end);
    void end.then(() => {
        if (lines.get(key) === end) lines.delete(key);
    });
    return turn;
}
