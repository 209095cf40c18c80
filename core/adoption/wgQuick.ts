import { InvalidArgument } from "../errors.js";

/** A wg-quick file as it is written: nothing is judged yet but its form. */
export interface QuickFile {
    /** Settings of `[Interface]`, keys in lower case, values in order: several may repeat. */
    settings: Map<string, string[]>;
    peers: QuickPeer[];
    /** Peers that somebody switched off by commenting them out. */
    disabled: number;
}

export interface QuickPeer {
    /** Line of its `[Peer]`, from 1. */
    line: number;
    settings: Map<string, string[]>;
    /** What was written above it and in it, without the comment signs. */
    comments: string[];
}

/**
 * Reads wg-quick(8)'s file. Comments above a `[Peer]` and inside its block belong to that peer; those behind its last setting
 * belong to the next.
 *
 * @param subject what to call the file in an error; no error contains a value of it
 */
export function parseQuickFile(text: string, subject: string): QuickFile {
    const file: QuickFile = { settings: new Map(), peers: [], disabled: 0 };
    let section: { settings: Map<string, string[]>; comments: string[] } | undefined;
    let interfaces = 0;
    // Comments that may turn out to stand above the next peer.
    let waiting: string[] = [];
    let settled = false;

    text.split(/\r?\n/).forEach((whole, index) => {
        const hash = whole.indexOf("#");
        const content = (hash < 0 ? whole : whole.slice(0, hash)).trim();
        const comment = hash < 0 ? "" : whole.slice(hash).replace(/^[#\s]+|[#\s]+$/g, "");
        if (content === "") {
            if (/^\[peer\]$/i.test(comment)) {
                file.disabled += 1;
                waiting = [];
            } else if (comment !== "" && !isEnd(comment) && !isSetting(comment)) {
                if (settled || section === undefined) waiting.push(comment);
                else section.comments.push(comment);
            }
            return;
        }
        const header = /^\[\s*(\w+)\s*\]$/.exec(content)?.[1]?.toLowerCase();
        if (header === "interface") {
            interfaces += 1;
            section = { settings: file.settings, comments: [] };
        } else if (header === "peer") {
            const peer: QuickPeer = { line: index + 1, settings: new Map(), comments: waiting };
            file.peers.push(peer);
            section = peer;
        } else if (content.startsWith("[")) {
            throw malformed(subject, index, "begins a section that wg-quick does not know");
        }
        if (header !== undefined) {
            if (comment !== "" && section !== undefined) section.comments.push(comment);
            [waiting, settled] = [[], false];
            return;
        }
        const [, key, value] = /^(\w+)\s*=\s*(.*)$/.exec(content) ?? [];
        if (key === undefined || value === undefined) throw malformed(subject, index, "is not `Key = Value`");
        if (section === undefined) throw malformed(subject, index, "stands before any section");
        const values = section.settings.get(key.toLowerCase()) ?? [];
        section.settings.set(key.toLowerCase(), [...values, value]);
        if (comment !== "") section.comments.push(comment);
        settled = true;
    });
    if (interfaces !== 1) {
        const problem = interfaces === 0 ? "has no [Interface] section" : "has more than one [Interface] section";
        throw new InvalidArgument(subject, problem, "give a relay's file for wg-quick, like /etc/wireguard/wg0.conf");
    }
    return file;
}

/** Lists of a setting, which may be split over lines: `AllowedIPs = a, b`. */
export function listOf(settings: Map<string, string[]>, key: string): string[] {
    return (settings.get(key) ?? []).flatMap((value) => value.split(",")).flatMap((part) => part.trim() || []);
}

/** The last one counts, as for wg. */
export function lastOf(settings: Map<string, string[]>, key: string): string | undefined {
    return settings.get(key)?.at(-1);
}

/** What closes a block in files that scripts write: `END_PEER alice`, `end alice`, `End`. */
function isEnd(comment: string): boolean {
    return /^end(?:$|[\s_-])/i.test(comment);
}

/** A setting that was commented out says nothing about who the peer is; `Name = alice` does. */
function isSetting(comment: string): boolean {
    return /^(?:PublicKey|PrivateKey|PresharedKey|AllowedIPs|Endpoint|PersistentKeepalive|Address|DNS|MTU|Table|ListenPort|FwMark|SaveConfig|Pre(?:Up|Down)|Post(?:Up|Down))\s*=/i.test(
        comment,
    );
}

function malformed(subject: string, index: number, problem: string): InvalidArgument {
    return new InvalidArgument(`${subject}, line ${index + 1}`, problem, "correct it: wg-quick would refuse it too");
}
