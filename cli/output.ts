/** What a command ends with. */
export const Exit = { fine: 0, problem: 1, unusable: 2 } as const;

/** The same, in every command's help. */
export const EXIT_CODES = `
Exit codes:
  0  it is as it should be
  1  a problem was found, for instance a log that was changed
  2  wrong usage, or something could not be read or written`;

/** Where a command prints: standard output for results, standard error for everything else. */
export interface Output {
    stdout: NodeJS.WritableStream;
    stderr: NodeJS.WritableStream;
}

export function printJson(output: Output, value: unknown): void {
    output.stdout.write(`${JSON.stringify(value, undefined, 4)}\n`);
}
