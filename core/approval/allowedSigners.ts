import { invalid } from "../errors.js";
import { parseSshKeyText, type SshPublicKey } from "./sshKey.js";

/** A key that approves, as a line of OpenSSH's allowed_signers file says it. */
export interface AllowedSigner {
    /** Who has the key: two keys of one principal are one approver. */
    principal: string;
    key: SshPublicKey;
    blob: Uint8Array;
    /** Patterns of namespaces that the key is for; absent: any. */
    namespaces?: string[];
    /** Milliseconds between which the key is valid. */
    validAfter?: number;
    validBefore?: number;
}

/** A principal is compared as it is written: a pattern would be any number of people. */
const PRINCIPAL = /^[A-Za-z0-9][A-Za-z0-9._+@-]{0,127}$/;

/**
 * Reads lines in OpenSSH's allowed_signers form.
 *
 * @returns each signer with its line in one spelling, without its comment
 * @throws InvalidArgument naming the line
 */
export function parseAllowedSigners(text: string, subject: string): { signer: AllowedSigner; line: string }[] {
    return text
        .split(/\r?\n/)
        .map((line, index) => ({ line: line.trim(), at: `${subject}, line ${index + 1}` }))
        .filter(({ line }) => line !== "" && !line.startsWith("#"))
        .map(({ line, at }) => parseLine(line, at));
}

/** A signer that the program gives as a principal and a public key. */
export function signerLine({ principal, publicKey }: { principal: string; publicKey: string }): string {
    return `${principal} ${publicKey.trim()}`;
}

function parseLine(line: string, subject: string): { signer: AllowedSigner; line: string } {
    const words = line.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
    const [principal = "", ...rest] = words;
    if (!PRINCIPAL.test(principal))
        throw invalid({
            path: subject,
            problem: `"${principal}" is not the name of one approver`,
            fix: "begin each line with one principal, such as alice@example.com, without patterns or commas",
        });
    const options = isKeyType(rest[0]) ? "" : (rest.shift() ?? "");
    const [type = "", base64 = ""] = rest;
    const key = readKey(type, base64, subject);
    const signer = { principal, ...key, ...optionsOf(options, subject) };
    return { signer, line: [principal, ...(options === "" ? [] : [options]), type, base64].join(" ") };
}

function isKeyType(word: string | undefined): boolean {
    return word === undefined || /^(?:ssh-|ecdsa-|sk-)/.test(word);
}

function readKey(type: string, base64: string, subject: string): { key: SshPublicKey; blob: Uint8Array } {
    try {
        return parseSshKeyText(type, base64);
    } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw invalid({
            path: subject,
            problem: error.message,
            fix: "copy the line of the .pub file that ssh-keygen wrote",
        });
    }
}

function optionsOf(text: string, subject: string): Pick<AllowedSigner, "namespaces" | "validAfter" | "validBefore"> {
    const options = text.match(/(?:"[^"]*"|[^,"])+/g) ?? [];
    return Object.assign({}, ...options.map((option) => optionOf(option, subject))) as ReturnType<typeof optionsOf>;
}

function optionOf(option: string, subject: string): ReturnType<typeof optionsOf> {
    const [, name = "", value = ""] = /^([a-z-]+)="?([^"]*)"?$/i.exec(option) ?? [];
    switch (name.toLowerCase()) {
        case "namespaces":
            return { namespaces: value.split(",") };
        case "valid-after":
            return { validAfter: timeOf(value, subject) };
        case "valid-before":
            return { validBefore: timeOf(value, subject) };
        default:
            throw invalid({
                path: subject,
                problem: `the option ${option} is not supported`,
                fix: "use namespaces, valid-after and valid-before only, and name keys rather than certificate authorities",
            });
    }
}

/** A time without Z would mean another moment on each machine. */
function timeOf(text: string, subject: string): number {
    const [, year, month, day, hour = "00", minute = "00", second = "00"] =
        /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z$/.exec(text) ?? [];
    const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    if (!Number.isNaN(time)) return time;
    throw invalid({
        path: subject,
        problem: `"${text}" is not a time in UTC`,
        fix: "write YYYYMMDDZ or YYYYMMDDHHMMSSZ",
    });
}

/** Whether a key may sign in a namespace at a time, in milliseconds. */
export function isInForce(signer: AllowedSigner, namespace: string, time: number): boolean {
    const { namespaces, validAfter = -Infinity, validBefore = Infinity } = signer;
    return time >= validAfter && time < validBefore && (namespaces === undefined || matches(namespaces, namespace));
}

/** OpenSSH's pattern lists: a negated pattern that matches refuses. */
function matches(patterns: readonly string[], text: string): boolean {
    const fits = (pattern: string): boolean =>
        new RegExp(
            `^${pattern
                .replace(/[.+^${}()|[\]\\]/g, "\\$&")
                .replace(/\*/g, ".*")
                .replace(/\?/g, ".")}$`,
        ).test(text);
    if (patterns.some((pattern) => pattern.startsWith("!") && fits(pattern.slice(1)))) return false;
    return patterns.some((pattern) => !pattern.startsWith("!") && fits(pattern));
}
