/** Seconds between two lines about the same stage. */
const EVERY = 20;

const stages: string[] = [];

/**
 * Says on standard error what the person who waits is waiting for, now and while it lasts: of stages within stages, the
 * innermost. Jest prints nothing of a file before it is through.
 *
 * @returns what says that it is over
 */
export function stage(title: string): (ending?: string) => void {
    const begun = Date.now();
    const say = (text: string): void => void process.stderr.write(`vm: ${title} …${text}\n`);
    const elapsed = (): string => `${Math.round((Date.now() - begun) / 1000)} s`;
    say("");
    stages.push(title);
    const ticker = setInterval(() => {
        if (stages.at(-1) === title) say(` ${elapsed()}`);
    }, EVERY * 1000);
    ticker.unref();
    return (ending = "done") => {
        clearInterval(ticker);
        stages.splice(stages.lastIndexOf(title), 1);
        say(` ${ending} after ${elapsed()}`);
    };
}

/** A stage for as long as something takes. */
export async function during<T>(title: string, act: () => Promise<T>): Promise<T> {
    const end = stage(title);
    let ending = "failed";
    try {
        const result = await act();
        ending = "done";
        return result;
    } finally {
        end(ending);
    }
}
