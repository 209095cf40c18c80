/** Comments between two lines of a wg-quick file that say something, without their signs. */
interface Block {
    comments: string[];
    /** Whether no blank line is between it and the line before it. */
    touchesBefore: boolean;
}

/** What is above a `[Peer]`. */
export interface Above {
    comments: string[];
    /** Whether no blank line parts it from the section before: it may belong to that one. */
    shared: boolean;
}

/**
 * Whose a comment is. Comments between the settings of a section belong to that section, those directly above a `[Peer]` to
 * that peer. Behind the last setting of a section, with a blank line below, a comment may be that peer's, the next one's or a
 * heading, and belongs to no peer. So does everything around a `[Peer]` that was commented out, up to the next blank line.
 */
export class Comments {
    /** Peers that were commented out. */
    disabled = 0;
    private blocks: Block[] = [];
    private open: Block | undefined;
    private touches = false;
    private isSwitchedOff = false;

    blank(): void {
        this.open = undefined;
        this.touches = false;
        this.isSwitchedOff = false;
    }

    /** @param comment without its signs */
    add(comment: string): void {
        if (/^\[\s*peer\s*\]/i.test(comment)) {
            this.disabled += 1;
            this.isSwitchedOff = true;
            if (this.open !== undefined) this.open.comments = [];
        }
        if (this.isSwitchedOff || comment === "" || isEnd(comment)) return;
        if (this.open === undefined) {
            this.open = { comments: [], touchesBefore: this.touches };
            this.blocks.push(this.open);
        }
        this.open.comments.push(comment);
    }

    /** All since the last line that said something, at a line that does. */
    take(): string[] {
        const all = this.blocks.flatMap(({ comments }) => comments).filter((comment) => !isSetting(comment));
        this.next();
        return all;
    }

    /** What is directly above a header. With a setting that was commented out it is what is left of another peer. */
    above(): Above {
        const { comments = [], touchesBefore = false } = this.open ?? {};
        this.next();
        return comments.some(isSetting) ? { comments: [], shared: false } : { comments, shared: touchesBefore };
    }

    /** Whether a comment touches the end of the last section. */
    isTrailing(): boolean {
        return this.blocks.some(
            ({ touchesBefore, comments }) => touchesBefore && comments.length > 0 && !comments.some(isSetting),
        );
    }

    private next(): void {
        this.blocks = [];
        this.open = undefined;
        this.touches = true;
        this.isSwitchedOff = false;
    }
}

/** What closes a block in files that scripts write: `END_PEER alice`, `end alice`, `--- End`. */
function isEnd(comment: string): boolean {
    return /^\W*end(?:$|[\s_:-])/i.test(comment);
}

/** A setting that was commented out says nothing about who the peer is; `Name = alice` does. */
function isSetting(comment: string): boolean {
    return /^(?:PublicKey|PrivateKey|PresharedKey|AllowedIPs|Endpoint|PersistentKeepalive|Address|DNS|MTU|Table|ListenPort|FwMark|SaveConfig|Pre(?:Up|Down)|Post(?:Up|Down))\s*=/i.test(
        comment,
    );
}
