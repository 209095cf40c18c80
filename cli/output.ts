/** Exit codes of the commands. */
export const Exit = { fine: 0, problem: 1, unusable: 2 } as const;

/** The exit codes in every command's help. */
export const EXIT_CODES = `
Exit codes:
  0  no problem
  1  a problem was found, for example a modified log
  2  wrong usage, or something could not be read or written`;

/** Output of a command: standard output for results, standard error for everything else. */
export interface Output {
    stdout: NodeJS.WritableStream;
    stderr: NodeJS.WritableStream;
}

export function printJson(output: Output, value: unknown): void {
    output.stdout.write(`${JSON.stringify(value, undefined, 4)}\n`);
}
