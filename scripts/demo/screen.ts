/** What the person who watches sees: numbered steps, a few lines of what really happened, a verdict and a time each. */
export class Screen {
    readonly #colours = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;
    #number = 0;
    #left = false;

    constructor(private readonly total: number) {}

    print(text = ""): void {
        if (!this.#left) process.stdout.write(`${text}\n`);
    }

    /** The last words. A step that still runs has nothing more to say. */
    leave(text: string): void {
        this.#left = true;
        process.stdout.write(`${text}\n`);
    }

    /** @param command what one would type for it */
    begin(title: string, command?: string): void {
        const label = `${++this.#number}/${this.total}`.padStart(5);
        const typed = command === undefined ? "" : this.#paint(DIM, `   $ ${command}`);
        this.print(`\n${this.#paint(BOLD, `${label}  ${title}`)}${typed}`);
    }

    /** A line of a step, or several. */
    say(text: string): void {
        for (const line of text.split("\n")) this.print(`${INDENT}${line}`.trimEnd());
    }

    ok(milliseconds: number): void {
        this.print(`${INDENT}${this.#paint(GREEN, "ok")}, ${seconds(milliseconds)}`);
    }

    failed(reason: string, milliseconds: number): void {
        this.say(reason);
        this.print(`${INDENT}${this.#paint(RED, "FAILED")}, ${seconds(milliseconds)}`);
    }

    verdict(good: boolean, text: string): void {
        this.print(`\n${this.#paint(good ? GREEN : RED, text)}`);
    }

    #paint(colour: number, text: string): string {
        return this.#colours ? `\u001b[${colour}m${text}\u001b[0m` : text;
    }
}

const INDENT = " ".repeat(7);
const [BOLD, DIM, RED, GREEN] = [1, 2, 31, 32] as const;

/** "3.9 s" */
export function seconds(milliseconds: number): string {
    return `${(milliseconds / 1000).toFixed(1)} s`;
}
