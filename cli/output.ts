/** What a command ends with. */
export const Exit = { fine: 0, problem: 1, unusable: 2 } as const;

/** Where a command prints: standard output for results, standard error for everything else. */
export interface Output {
    stdout: NodeJS.WritableStream;
    stderr: NodeJS.WritableStream;
}

export function printJson(output: Output, value: unknown): void {
    output.stdout.write(`${JSON.stringify(value, undefined, 4)}\n`);
}
