import { attempt } from "../errors.js";
import { lastOf, type QuickFile } from "./wgQuick.js";

/** What wg-quick does beside the tunnel, and a Relay does not: a sentence each, with what to do instead. */
export function leftOut(file: QuickFile): string[] {
    const { settings } = file;
    const written = (key: string): string | undefined => lastOf(settings, key)?.trim() || undefined;
    const sentences = ["preup", "postup", "predown", "postdown"].flatMap((key) =>
        (settings.get(key) ?? []).flatMap((command) => (command.trim() === "" ? [] : [hookSentence(key, command)])),
    );
    if (sentences.length > 0) {
        sentences.push(
            "rules that these commands added stay until the next boot or until you remove them: undo them by hand once the relay is adopted",
        );
    }
    const dns = written("dns");
    if (dns !== undefined)
        sentences.push(
            `DNS = ${dns} set the machine's own resolver, which a relay does not change: configure it in the system; \`dns\` of Relay is for its peers' configurations`,
        );
    const table = written("table");
    if (table !== undefined && table.toLowerCase() !== "auto")
        sentences.push(
            `Table = ${table}: a Relay puts the networks behind its peers into the main routing table; remove \`routes\` from a peer to keep them out`,
        );
    const mark = written("fwmark");
    if (mark !== undefined && !/^(?:off|0|0x0)$/i.test(mark))
        sentences.push(
            `FwMark = ${mark}: a Relay does not mark packets, and the first \`up\` removes the mark; routing rules that match it (\`ip rule\`) no longer apply to the tunnel's packets`,
        );
    if (/^true$/i.test(lastOf(settings, "saveconfig") ?? ""))
        sentences.push(
            "SaveConfig = true: wg-quick would overwrite its file and restore removed peers; disable wg-quick for this interface and move the file away",
        );
    if (file.disabled > 0)
        sentences.push(
            `${file.disabled} peer${file.disabled === 1 ? " was" : "s were"} switched off with comment signs and ${file.disabled === 1 ? "is" : "are"} left out`,
        );
    return sentences;
}

/** The file from which a hook loads the private key: `wg set %i private-key FILE`, or `<(cat FILE)`. */
export function keyFileIn(file: QuickFile, { device, path, read }: Around): string | undefined {
    for (const command of upHooks(file, read)) {
        const [, plain, cat] = new RegExp(`\\bprivate-key\\s+${FILE}`).exec(command) ?? [];
        if (plain !== undefined || cat !== undefined) return located(plain ?? cat ?? "", device, path);
    }
    return undefined;
}

/** A preshared key that a hook sets: from a file, or written in the hook itself, which is a secret then. */
export interface HookedKey {
    file?: string;
    key?: string;
    /** `PostUp`, for a message. */
    hook: string;
}

/** By public key: `wg set %i peer KEY … preshared-key FILE`, which is in no `PresharedKey` of the file. */
export function presharedKeyFiles(file: QuickFile, { device, path, read }: Around): Map<string, HookedKey> {
    const found = new Map<string, HookedKey>();
    for (const command of upHooks(file, read)) {
        for (const [whole, peer = ""] of command.matchAll(/\bpeer\s+([A-Za-z0-9+/]{43}=)(?:(?!\bpeer\b)[^;&|])*/g)) {
            if (!/\bpreshared-key\b/.test(whole)) continue;
            const [, plain, cat] = new RegExp(`\\bpreshared-key\\s+${FILE}`).exec(whole) ?? [];
            const key = /<\(\s*echo\s+['"]?([A-Za-z0-9+/]{43}=)/.exec(whole)?.[1];
            const named = plain ?? cat;
            found.set(peer, {
                hook: "PostUp",
                ...(named === undefined ? {} : { file: located(named, device, path) }),
                ...(key === undefined ? {} : { key }),
            });
        }
    }
    return found;
}

/** Whether a hook sets a preshared key of a peer that cannot be told: a script, a variable, another spelling. */
export function setsUnknownPresharedKey(file: QuickFile, known: Map<string, HookedKey>, { read }: Around): boolean {
    const mentioned =
        upHooks(file, read)
            .join("\n")
            .match(/\bpreshared-key\b/g) ?? [];
    return mentioned.length > known.size;
}

/** A file as a word, or read by a process substitution. */
const FILE = String.raw`(?:(?!<\()["']?([^\s;<("']+)|<\(\s*cat\s+["']?([^\s;)"']+))`;

/** Whether a hook limits the traffic between peers. */
export function limitsForwarding(file: QuickFile, read: ReadFile | undefined): boolean {
    return upHooks(file, read).some((line) => /\bforward\b/i.test(line) && /\b(?:drop|reject)\b/i.test(line));
}

/** The text of a file; undefined when it cannot be read here. */
export type ReadFile = (file: string) => string | undefined;

/** What hooks are read with. */
export interface Around {
    device: string;
    /** Of the file they are in. */
    path: string;
    read?: ReadFile | undefined;
}

/** Commands that are run when the interface comes up, and the lines of scripts that they call. */
function upHooks({ settings }: QuickFile, read: ReadFile | undefined): string[] {
    const commands = [...(settings.get("postup") ?? []), ...(settings.get("preup") ?? [])];
    return commands.flatMap((command) => [command, ...scriptsIn(command).flatMap((file) => linesOfScript(file, read))]);
}

/** Files that a command runs: NixOS writes all of its hooks into one. */
function scriptsIn(command: string): string[] {
    const run = /(?:^|[;&|])\s*(?:(?:\S*\/)?(?:ba|da)?sh\s+(?:-\w+\s+)*)?["']?(\/[^\s;&|"']+)/g;
    return [...command.matchAll(run)].map(([, file = ""]) => file);
}

function linesOfScript(file: string, read: ReadFile | undefined): string[] {
    const text = attempt(
        () => read?.(file),
        () => undefined,
    );
    if (text?.startsWith("#!") !== true) return [];
    return text
        .replace(/\\\r?\n/g, " ")
        .split(/\r?\n/)
        .filter((line) => !/^\s*(?:#|$)/.test(line));
}

/** wg-quick runs hooks in no certain folder; a relative name is taken from the file's own, where people put it. */
function located(file: string, device: string, path: string): string {
    const name = file.replaceAll("%i", device);
    return name.startsWith("/") ? name : `${path.slice(0, path.lastIndexOf("/") + 1)}${name}`;
}

const HOOKS: Record<string, string> = { preup: "PreUp", postup: "PostUp", predown: "PreDown", postdown: "PostDown" };

function hookSentence(key: string, command: string): string {
    return `${HOOKS[key]} = ${redacted(command)}: no longer run; ${instead(command)}`;
}

/** What is lost with a command, in the order in which people would miss it. */
const INSTEAD: [RegExp, string][] = [
    [/\bwg\s+set\s+\S+\s+private-key\b/, "the private key is in `privateKey`"],
    [/\bpreshared-key\b/, "the preshared key is the peer's `presharedKey`"],
    [
        /MASQUERADE|masquerade|SNAT/,
        "a Relay uses NAT only towards its `routes`: list the networks that peers reach through it there, and grant them; there is no internet access through the relay",
    ],
    [
        /DNAT|dnat|REDIRECT|PREROUTING/,
        "a Relay blocks connections from outside into the tunnel, even where the rule is kept: for peers make the service an ExposedService; for other clients make a proxy on another machine or in a container a peer of its own, with a grant",
    ],
    [/FORWARD|\bforward\b/, "access rules are in `grants`"],
    [/ip_forward|forwarding/, "a Relay enables forwarding for its own interfaces"],
    [
        /\bip\s+(?:-[46]\s+)?(?:route|rule)\b/,
        "routes to networks behind a peer are its `routes`; put other routes into the system's configuration",
    ],
    [/ufw|firewall-cmd/, "allow the relay's UDP port once, in the firewall's own configuration"],
];

function instead(command: string): string {
    const all = INSTEAD.filter(([pattern]) => pattern.test(command)).map(([, what]) => what);
    return all.length > 0
        ? all.join("; ")
        : "if it is still needed, put it into the system's configuration, or into `setup` of the host";
}

/** Keys and tokens may stand in a command. */
function redacted(command: string): string {
    return command
        .replace(/[A-Za-z0-9+/]{43}=/g, "[key]")
        .replace(/\b(bearer|basic|(?:api[-_]?key|token|password|passwd|secret)\s*[=:])(\s*)[^\s'"]+/gi, "$1$2[secret]");
}
