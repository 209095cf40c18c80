/** Reads the binary form of SSH's keys and signatures (RFC 4251, section 5): numbers, and strings with their length in front. */
export class SshReader {
    private offset = 0;

    constructor(private readonly bytes: Uint8Array) {}

    /** @throws RangeError where the bytes end before what they announce */
    take(length: number): Uint8Array {
        const end = this.offset + length;
        if (end > this.bytes.length) throw new RangeError("its bytes end too early");
        const part = this.bytes.subarray(this.offset, end);
        this.offset = end;
        return part;
    }

    byte(): number {
        return this.take(1)[0] ?? 0;
    }

    number(): number {
        const [a = 0, b = 0, c = 0, d = 0] = this.take(4);
        return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    }

    field(): Uint8Array {
        return this.take(this.number());
    }

    /** A field of ASCII, such as the name of an algorithm. */
    text(): string {
        return String.fromCharCode(...this.field());
    }

    /** @throws RangeError where something follows */
    end(): void {
        if (this.offset !== this.bytes.length) throw new RangeError("more bytes follow");
    }
}

/** A string with its length in front. */
export function sshField(value: string | Uint8Array): Uint8Array {
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
    const length = bytes.length;
    return joinBytes(Uint8Array.of(length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff), bytes);
}

export function joinBytes(...parts: Uint8Array[]): Uint8Array {
    const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let offset = 0;
    for (const part of parts) {
        all.set(part, offset);
        offset += part.length;
    }
    return all;
}

/** Strict base64 with padding; undefined where the text is anything else. */
export function fromBase64(text: string): Uint8Array | undefined {
    const bytes = Buffer.from(text, "base64");
    return bytes.length > 0 && bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
}

export function toBase64(bytes: Uint8Array): string {
    return Buffer.from(bytes).toString("base64");
}
