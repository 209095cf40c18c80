import { HostError } from "../../core/errors.js";
import { linesOf } from "../../core/protocol/table.js";
import { describeHost, type SshHost } from "./descriptors.js";
import type { Finished } from "./run.js";

/** A line that no login shell prints by chance: what is before it in an answer is noise. */
const MARK = "@@ the answer of the relay program begins here @@";

/**
 * What the login shell is asked to run: bash with a program on standard input, as root. The login shell may be any, so
 * everything is one word in single quotes, which sh, fish and csh all leave alone. Alpine comes without bash. The
 * client's address is handed on because sudo would drop it: no route may swallow it.
 */
export function bashCommand(sudo: boolean): string {
    const bash = "command -v bash >/dev/null 2>&1 || apk add --quiet bash >/dev/null 2>&1; exec bash -s";
    const root = sudo ? "sudo -n -- " : "";
    return `sh -c 'printf "\\n%s\\n" "${MARK}"; exec ${root}env "QP_TUNNEL_CLIENT=\${SSH_CONNECTION%% *}" sh -c "${bash}"'`;
}

/** Writes standard input to a file of mode 0600. */
export function uploadCommand(path: string, sudo: boolean): string {
    return `sh -c 'umask 077; exec ${sudo ? "sudo -n -- " : ""}tee "${path}" >/dev/null'`;
}

/**
 * The answer without what the login shell printed before it.
 *
 * @throws HostError when sudo refused, or when the shell never ran the command
 */
export function answerOf(host: SshHost, finished: Finished): Finished {
    const { stdout, stderr } = finished;
    const begin = stdout.indexOf(`\n${MARK}\n`);
    if (begin < 0) throw new HostError(describeHost(host), ...notRun(host, finished));
    const answer = stdout.slice(begin + MARK.length + 2);
    const refusal = answer === "" ? /^(?:.*: )?sudo: (.*)$/m.exec(stderr)?.[1] : undefined;
    if (refusal !== undefined) throw new HostError(describeHost(host), ...sudoRefused(host, refusal));
    return { ...finished, stdout: answer };
}

function sudoRefused({ user }: SshHost, refusal: string): [problem: string, fix: string] {
    if (/password/.test(refusal))
        return [
            "sudo asks for a password",
            `let ${user} use sudo without a password for all commands (NOPASSWD), or connect as root`,
        ];
    if (/tty/.test(refusal))
        return [
            "sudo requires a terminal",
            `add \`Defaults:${user} !requiretty\` to /etc/sudoers.d, or connect as root`,
        ];
    return [
        `sudo does not work: ${refusal}`,
        `let ${user} use sudo without a password for all commands (NOPASSWD), or connect as root`,
    ];
}

/** nologin, a ForceCommand, a restricted shell, a chroot without sh. */
function notRun({ user }: SshHost, { code, stdout, stderr }: Finished): [problem: string, fix: string] {
    const printed = linesOf(`${stdout}\n${stderr}`)
        .map((line) => line.replace(/[\p{Cc}]/gu, "").trim())
        .filter((line) => line !== "")
        .slice(-2)
        .join("; ")
        .slice(0, 300);
    return [
        `the login shell of ${user} does not run commands (exit code ${code ?? "none"}${printed === "" ? "" : `; it printed: ${printed}`})`,
        `connect as a user with a login shell that runs \`sh -c\`, without ForceCommand or a chroot`,
    ];
}
