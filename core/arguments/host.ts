import { z } from "zod";

import { parseCidr } from "../addresses/index.js";
import { InvalidArgument } from "../errors.js";
import { orLater, orSupplied } from "./later.js";
import { supplied, text, validate } from "./validate.js";

const anyText = supplied(notEmpty);

/** A script of the operator's own, run once on a machine that becomes a relay, and once when it no longer is one. */
export const setupArgs = z.strictObject({
    create: anyText,
    delete: anyText.optional(),
});
export type SetupPlain = z.output<typeof setupArgs>;

/** Arguments of `hosts.digitalOcean`. Slugs are DigitalOcean's words: https://slugs.do-api.dev. */
export const digitalOceanArgs = z.strictObject({
    region: orLater(slug()).default("sfo3"),
    size: orLater(slug()).default("s-1vcpu-512mb-10gb"),
    image: orLater(slug()).default("ubuntu-24-04-x64"),
    sshKeys: orLater(z.array(text(notEmpty))).default([]),
    sshSources: orLater(z.array(text(parseCidr)).min(1)).default(["0.0.0.0/0", "::/0"]),
    // Plain: it decides whether there is such an address.
    reservedIp: z.boolean().default(false),
    tags: orLater(z.array(text(parseTag))).default([]),
    vpcUuid: anyText.optional(),
    setup: setupArgs.optional(),
});
export type DigitalOceanPlain = z.output<typeof digitalOceanArgs>;

/** Arguments of `hosts.local`. */
export const localArgs = z.strictObject({
    // Plain: it names the place of every resource.
    namespace: text(parseNamespace).optional(),
    setup: setupArgs.optional(),
});

/** What leads to a machine: each of these values becomes an argument of the SSH client. */
const sshWay = {
    address: supplied(parseSshAddress),
    hostKey: supplied(parseHostKey).optional(),
    user: supplied(parseUser).default("root"),
    port: orSupplied(z.int().min(1).max(65535)).default(22),
    identityFile: supplied(parseFile).optional(),
    proxyJump: supplied(parseJump).optional(),
    sudo: orSupplied(z.boolean()).optional(),
    packages: orSupplied(z.enum(["install", "require"])).default("install"),
};

/** Arguments of `hosts.ssh`; what another resource supplies is checked again when it is known. */
export const sshArgs = z.strictObject({
    ...sshWay,
    // Plain: what it allows is warned of in every preview.
    trustOnFirstUse: z.boolean().optional(),
    privateKey: supplied(notEmpty).optional(),
    setup: setupArgs.optional(),
});

/**
 * Checks what leads to a machine just before it is used, when every value is known.
 *
 * @throws InvalidArgument naming the argument of `hosts.ssh`
 */
export function checkSshHost(host: object): void {
    validate(z.object(sshWay), host, "hosts.ssh");
}

/** A name that the SSH client resolves or finds in its configuration, or an address without brackets. */
function parseSshAddress(value: string, subject: string): string {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$|^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?$/.test(value))
        throw new InvalidArgument(
            subject,
            "is not a host name or an address",
            'give one like "203.0.113.7" or "relay.example.org"; user and port are arguments of their own',
        );
    return value;
}

function parseUser(value: string, subject: string): string {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.@+\\-]{0,63}$/.test(value))
        throw new InvalidArgument(subject, "is not a user name", 'give the name of a user there, like "root"');
    return value;
}

/** One line of a public key: `type base64`, and a comment that counts for nothing. */
function parseHostKey(value: string, subject: string): string {
    const line = value.trim();
    if (/[\r\n]/.test(line))
        throw new InvalidArgument(subject, "has more than one line", "give one key, preferably the ssh-ed25519 one");
    if (/^(?:ssh-|ecdsa-|sk-)[\w@.-]+ [A-Za-z0-9+/]+={0,3}(?: .*)?$/.test(line)) return line;
    throw new InvalidArgument(
        subject,
        "is not a public host key",
        /^\S+ (?:ssh-|ecdsa-|sk-)/.test(line)
            ? 'leave out the host name in front, which ssh-keyscan and known_hosts have: give "ssh-ed25519 AAAA…"'
            : 'give one line like "ssh-ed25519 AAAA…"',
    );
}

/** As for `ssh -J`: [user@]host[:port], several with commas. */
function parseJump(value: string, subject: string): string {
    const one = /^(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*@)?(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
    if (!value.split(",").every((hop) => one.test(hop)))
        throw new InvalidArgument(
            subject,
            "does not name a jump host",
            'give [user@]host[:port], like "admin@gate.example.org"; several with commas',
        );
    return value;
}

function parseFile(value: string, subject: string): string {
    if (value === "" || value.startsWith("-") || /[\p{Cc}"\\]/u.test(value))
        throw new InvalidArgument(
            subject,
            "is not a file name that the SSH client accepts",
            "give the path of a private key, without quotes, backslashes and control characters",
        );
    return value;
}

/** A name below /run/netns. */
function parseNamespace(value: string, subject: string): string {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(value))
        throw new InvalidArgument(
            subject,
            "is not the name of a network namespace",
            "give one that `ip netns list` prints",
        );
    return value;
}

function slug() {
    return text((value, subject) => {
        if (!/^[a-z0-9][a-z0-9.-]*$/.test(value))
            throw new InvalidArgument(
                subject,
                "is not one of DigitalOcean's slugs",
                'give one like "sfo3" or "ubuntu-24-04-x64"',
            );
        return value;
    });
}

function parseTag(value: string, subject: string): string {
    if (!/^[\w:-]{1,255}$/.test(value))
        throw new InvalidArgument(
            subject,
            "is not a tag",
            "use letters, digits, colons, dashes and underscores, 255 at most",
        );
    return value;
}

function notEmpty(value: string, subject: string): string {
    if (value.trim() === "") throw new InvalidArgument(subject, "is empty", "give a string, or remove it");
    return value;
}
