import { lastOf, type QuickFile } from "./wgQuick.js";

/** What wg-quick does beside the tunnel, and a Relay does not: a sentence each, with what to do instead. */
export function leftOut(file: QuickFile): string[] {
    const { settings } = file;
    const sentences = ["preup", "postup", "predown", "postdown"].flatMap((key) =>
        (settings.get(key) ?? []).map((command) => hookSentence(key, command)),
    );
    if (sentences.length > 0) {
        sentences.push(
            "rules that these commands have added stay until the machine starts again or you take them away: undo them by hand once the relay is adopted",
        );
    }
    const dns = lastOf(settings, "dns");
    if (dns !== undefined)
        sentences.push(
            `DNS = ${dns} set the machine's own resolver, which a relay leaves alone: set it in the system; \`dns\` of Relay is for its peers' configurations`,
        );
    const table = lastOf(settings, "table");
    if (table !== undefined && table.toLowerCase() !== "auto")
        sentences.push(
            `Table = ${table}: a Relay puts the networks behind its peers into the main routing table; take \`routes\` from a peer to keep them out`,
        );
    const mark = lastOf(settings, "fwmark");
    if (mark !== undefined && !/^(?:off|0|0x0)$/i.test(mark))
        sentences.push(`FwMark = ${mark}: stays on the interface until it is made anew, and is not set again then`);
    if (/^true$/i.test(lastOf(settings, "saveconfig") ?? ""))
        sentences.push(
            "SaveConfig = true: wg-quick would write what it sees over its file and bring removed peers back; disable wg-quick for this interface and move the file away",
        );
    if (file.disabled > 0)
        sentences.push(
            `${file.disabled} peer${file.disabled === 1 ? " was" : "s were"} switched off with comment signs and ${file.disabled === 1 ? "is" : "are"} left out`,
        );
    return sentences;
}

/** The file from which a hook loads the private key, `wg set %i private-key FILE`. */
export function keyFileIn({ settings }: QuickFile, device: string): string | undefined {
    for (const command of [...(settings.get("postup") ?? []), ...(settings.get("preup") ?? [])]) {
        const file = /\bwg\s+set\s+\S+\s+private-key\s+([^\s;<(]+)/.exec(command)?.[1];
        if (file !== undefined) return file.replaceAll("%i", device);
    }
    return undefined;
}

const HOOKS: Record<string, string> = { preup: "PreUp", postup: "PostUp", predown: "PreDown", postdown: "PostDown" };

function hookSentence(key: string, command: string): string {
    return `${HOOKS[key]} = ${redacted(command)}: not run any more; ${instead(command)}`;
}

/** The first that fits: what is lost with the command, in the order in which people would miss it. */
const INSTEAD: [RegExp, string][] = [
    [/\bwg\s+set\s+\S+\s+private-key\b/, "the private key is named in `privateKey`"],
    [
        /MASQUERADE|masquerade|SNAT/,
        "a Relay translates addresses only towards its `routes`: list the networks that peers reach through it there, and grant them; the internet through the relay is not served",
    ],
    [
        /DNAT|dnat|PREROUTING/,
        "ports are not forwarded into the tunnel: make the service an ExposedService, or keep the rule elsewhere",
    ],
    [/FORWARD|forward/, "who may reach whom is said by `grants`"],
    [/ip_forward|forwarding/, "a Relay switches forwarding on for its own interfaces"],
    [
        /\bip\s+(?:-[46]\s+)?(?:route|rule)\b/,
        "routes to networks behind a peer are her `routes`; put other ones into the system's own configuration",
    ],
    [/ufw|firewall-cmd/, "let the relay's UDP port in once, in the firewall's own configuration"],
];

function instead(command: string): string {
    return (
        INSTEAD.find(([pattern]) => pattern.test(command))?.[1] ??
        "put it into the system's own configuration, or into `setup` of the host, if it is still needed"
    );
}

/** Keys may stand in a command. */
function redacted(command: string): string {
    return command.replace(/[A-Za-z0-9+/]{43}=/g, "[key]");
}
