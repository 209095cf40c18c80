import { createHash, createPublicKey } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";

import type { Signer } from "../../../core/audit/primitives.js";
import { HostError } from "../../../core/errors.js";
import { replaceFile } from "../../audit/durable.js";
import { type SCRIPT_VALUES, scriptValues } from "../../../core/protocol/steps.js";
import { relayProgram } from "../../hosts/program.js";

/** What a script says besides its steps. */
export interface ScriptHead {
    /** What it does, a line each, for who reads it before running it. */
    comments: string[];
    /** The file's name, for the commands in its head. */
    name: string;
    publicKey: string;
    /** What its program has to know; holds the key of its receipt's code. */
    values: Record<Exclude<(typeof SCRIPT_VALUES)[number], "steps">, string>;
}

/** The last line: a copy without it is not whole. */
const END = "@@end";

/** In sh: says why it does not run, and ends. */
const stopped = (problem: string, fix: string): string => `echo "stopped: ${problem}; ${fix}" >&2; exit 3;`;

/**
 * What comes before everything else, a line each for any shell, which reads them one by one. Each ends in a comment: so it means
 * the same in a copy with the line breaks of Windows.
 */
const checks = (hash: string): string[] =>
    [
        `[ -f "$0" ] || { ${stopped("it was not run as a file", "save it to a file and run that, not through a pipe")} }`,
        `if grep -q "$(printf '\\r')" "$0"; then ${stopped("this copy of it has Windows line endings", "copy the file again without converting it")} fi`,
        `[ "$(tail -n 1 "$0")" = "${END}" ] || { ${stopped("this copy of it is truncated", "copy the file again")} }`,
        `case $(sed -n '/^@@script$/,$p' "$0" | sha256sum) in ${hash}*) ;; *) ${stopped("this copy of it is damaged", "copy the file again")}; esac`,
        `[ "$(id -u)" = 0 ] || { ${stopped("changing a relay needs root, this is user $(id -un)", "run it with sudo")} }`,
        `command -v bash >/dev/null 2>&1 || { ${stopped("bash is not on this machine", "install it")} }`,
        '[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"',
    ].map((line) => `${line} #`);

/**
 * The script: a head in plain sight, then the relay's program and the bundles of its steps as sections. Lines of a
 * section begin with a space or a single "@", a section with two of them.
 */
export function renderScript(
    { comments, name, publicKey, values }: ScriptHead,
    bundles: Record<string, string>,
): string {
    const steps = { steps: Object.keys(bundles).join(" ") };
    const body = [
        `@@script\n${scriptValues.render({ ...values, ...steps })}`,
        `@@program\n${relayProgram().replace(/\n$/, "").replace(/^/gm, " ")}\n`,
        ...Object.entries(bundles).map(([step, bundle]) => `@@step ${step}\n${bundle}`),
        `${END}\n`,
    ].join("");
    const head = [
        "#!/bin/bash",
        ...comments.map((line) => `# ${line}`.trimEnd()),
        "#",
        "# It contains no private key. It does contain secrets (preshared keys, and the key that authenticates its receipt): keep mode 0600",
        "# and delete it once it has run. Running it again changes nothing.",
        "#",
        "# Verify it before running it, with the two files that were written next to it:",
        "#",
        `#     ${verifyCommand(name)}`,
        "#",
        `# ${name}.pub must be a key that you trust, not one that came with a script: its 32 bytes are, in hex,`,
        `# ${publicKey}`,
        "#",
        ...checks(hashOf(body)),
        "{",
        "    set -euo pipefail",
        "    umask 077",
        "    program=$(mktemp)",
        "    trap 'rm -f -- \"$program\"' EXIT",
        '    awk \'/^@@/ { on = ($0 == "@@program"); next } on { print substr($0, 2) }\' "$0" >"$program"',
        '    bash "$program" script "$0"',
        "    exit",
        "}",
        "",
    ].join("\n");
    return head + body;
}

/** With any OpenSSL from 3.0 on. */
export function verifyCommand(name: string): string {
    const quoted = /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
    return `openssl pkeyutl -verify -pubin -inkey ${quoted}.pub -rawin -in ${quoted} -sigfile ${quoted}.sig`;
}

/**
 * Writes the script, its signature and the key to verify it. The key is the log's; it signs nothing else that begins
 * like a program, so no signature of one kind passes for the other.
 *
 * @returns the script's SHA-256
 */
export function writeScript(path: string, text: string, signer: Signer): string {
    try {
        if (existsSync(path) && !lstatSync(path).isFile()) throw new Error("it is not a regular file");
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        // The signature comes last: one without its script would be puzzling, a script without one is not run.
        replaceFile(`${path}.pub`, [Buffer.from(publicKeyPem(signer.publicKey))]);
        replaceFile(path, [Buffer.from(text)]);
        replaceFile(`${path}.sig`, [Buffer.from(signer.sign(text), "hex")]);
    } catch (cause) {
        throw new HostError(
            `script ${path}`,
            `it cannot be written: ${(cause as Error).message}`,
            "make the folder writable, or choose another path",
            { cause },
        );
    }
    return hashOf(text);
}

/** SHA-256 of what lies there; undefined when nothing does. */
export function scriptHash(path: string): string | undefined {
    return existsSync(path) ? hashOf(readFileSync(path)) : undefined;
}

export function scriptName(path: string): string {
    return basename(path);
}

function publicKeyPem(hex: string): string {
    const key = { kty: "OKP", crv: "Ed25519", x: Buffer.from(hex, "hex").toString("base64url") };
    return createPublicKey({ key, format: "jwk" }).export({ format: "pem", type: "spki" }).toString();
}

function hashOf(data: string | Buffer): string {
    return createHash("sha256").update(data).digest("hex");
}
