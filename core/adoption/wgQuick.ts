import { InvalidArgument } from "../errors.js";
import { Comments } from "./comments.js";

/** A wg-quick file as it is written: nothing is judged yet but its form. */
export interface QuickFile {
    /** Settings of `[Interface]`, keys in lower case, values in order: several may repeat. */
    settings: Map<string, string[]>;
    peers: QuickPeer[];
    /** Peers that were commented out. */
    disabled: number;
    /** What was written above `[Interface]`, without the comment signs. */
    comments: string[];
}

export interface QuickPeer {
    /** Line of its `[Peer]`, from 1. */
    line: number;
    settings: Map<string, string[]>;
    /** What was written directly above it and in it, without the comment signs. */
    above: string[];
    comments: string[];
}

/**
 * Reads wg-quick(8)'s file. Whose a comment is, `Comments` says.
 *
 * @param subject what to call the file in an error; no error contains a value of it
 */
export function parseQuickFile(text: string, subject: string): QuickFile {
    if (text.includes("\0"))
        throw new InvalidArgument(
            subject,
            "is not a text file in UTF-8",
            "save it as UTF-8, the only encoding that wg-quick reads",
        );
    refuseOtherFormats(text, subject);
    const reader = new QuickReader(subject);
    text.split(/\r?\n/).forEach((line, index) => reader.read(line, index));
    return reader.end();
}

interface Section {
    settings: Map<string, string[]>;
    comments: string[];
}

class QuickReader {
    private readonly file: QuickFile = { settings: new Map(), peers: [], disabled: 0, comments: [] };
    private readonly comments = new Comments();
    private section: Section | undefined;
    private interfaces = 0;
    /** Whether a comment stands right below a peer's last setting, with no other peer below it. */
    private trailing = false;
    /** Peers whose comments above touch the section before. */
    private readonly shared = new Set<QuickPeer>();

    constructor(private readonly subject: string) {}

    read(line: string, index: number): void {
        const hash = line.indexOf("#");
        const content = (hash < 0 ? line : line.slice(0, hash)).trim();
        const comment = hash < 0 ? "" : line.slice(hash).replace(/^[#\s]+|[#\s]+$/g, "");
        if (content === "") {
            if (hash < 0) this.comments.blank();
            else this.comments.add(comment);
            return;
        }
        const header = /^\[\s*(\w+)\s*\]$/.exec(content)?.[1]?.toLowerCase();
        if (header === "interface") this.beginInterface();
        else if (header === "peer") this.beginPeer(index);
        else if (content.startsWith("["))
            throw malformed(this.subject, index, "begins a section that wg-quick does not know");
        else this.set(content, index);
        if (comment !== "") this.section?.comments.push(comment);
    }

    end(): QuickFile {
        const { file, interfaces, subject } = this;
        if (interfaces !== 1) {
            const problem = interfaces === 0 ? "has no [Interface] section" : "has more than one [Interface] section";
            throw new InvalidArgument(
                subject,
                problem,
                "give a relay's file for wg-quick, like /etc/wireguard/wg0.conf",
            );
        }
        // Names below the blocks: those that seem to be above a block belong to the one before it.
        this.noticeTrailing();
        const [first] = file.peers;
        if (this.trailing && first !== undefined && first.above.length + first.comments.length === 0)
            for (const peer of this.shared) peer.above = [];
        return { ...file, disabled: this.comments.disabled };
    }

    private beginInterface(): void {
        this.interfaces += 1;
        this.noticeTrailing();
        this.file.comments = this.comments.take();
        this.section = { settings: this.file.settings, comments: [] };
    }

    private noticeTrailing(): void {
        if (this.section !== undefined && this.section.settings !== this.file.settings)
            this.trailing ||= this.comments.isTrailing();
    }

    private beginPeer(index: number): void {
        const { comments, shared } = this.comments.above();
        const peer: QuickPeer = { line: index + 1, settings: new Map(), above: comments, comments: [] };
        if (shared) this.shared.add(peer);
        this.file.peers.push(peer);
        this.section = peer;
    }

    private set(content: string, index: number): void {
        const { section, subject } = this;
        const [, key, value] = /^(\w+)\s*=\s*(.*)$/.exec(content) ?? [];
        if (key === undefined || value === undefined) throw malformed(subject, index, "is not `Key = Value`");
        if (section === undefined) throw malformed(subject, index, "is before any section");
        section.comments.push(...this.comments.take());
        const values = section.settings.get(key.toLowerCase()) ?? [];
        section.settings.set(key.toLowerCase(), [...values, value]);
    }
}

/** Files of other tools that configure WireGuard, told by what only they begin with. */
const OTHER_FORMATS: [RegExp, string][] = [
    [/^\s*\[(?:NetDev|WireGuard|WireGuardPeer)\]/im, "systemd-networkd"],
    [/^\/interface[ /]wireguard/m, "RouterOS"],
    [/^config\s+(?:interface|wireguard_)/m, "OpenWrt (UCI)"],
    [/^\s*networking\.wg-quick|^\s*\{\s*config\s*,/m, "NixOS"],
];

function refuseOtherFormats(text: string, subject: string): void {
    const other = OTHER_FORMATS.find(([pattern]) => pattern.test(text))?.[1];
    if (other === undefined) return;
    throw new InvalidArgument(
        subject,
        `is a configuration for ${other}, not for wg-quick`,
        "save the interface's configuration with `wg showconf wg0`, add its Address, and give that file",
    );
}

/** Lists of a setting, which may be split over lines: `AllowedIPs = a, b`. */
export function listOf(settings: Map<string, string[]>, key: string): string[] {
    return (settings.get(key) ?? []).flatMap((value) => value.split(",")).flatMap((part) => part.trim() || []);
}

/** The last one counts, as for wg. */
export function lastOf(settings: Map<string, string[]>, key: string): string | undefined {
    return settings.get(key)?.at(-1);
}

function malformed(subject: string, index: number, problem: string): InvalidArgument {
    return new InvalidArgument(`${subject}, line ${index + 1}`, problem, "correct it: wg-quick would refuse it too");
}
