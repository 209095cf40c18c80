import type { Json, JsonObject } from "./json.js";

/** Writes from the end to the front, so that a message's length is known when it has to be written. */
export class WireWriter {
    private buffer = Buffer.allocUnsafe(4096);
    private free = this.buffer.length;

    bytes(): Buffer {
        return this.buffer.subarray(this.free);
    }

    struct(value: JsonObject): void {
        const keys = Object.keys(value);
        for (let i = keys.length - 1; i >= 0; i--) {
            const key = keys[i]!;
            const entryEnd = this.written();
            this.value(value[key]!);
            this.close(0x12, entryEnd);
            this.text(0x0a, key);
            this.close(0x0a, entryEnd);
        }
    }

    private value(value: Json): void {
        const end = this.written();
        if (typeof value === "string") {
            this.text(0x1a, value);
        } else if (typeof value === "number") {
            this.reserve(9);
            this.free -= 8;
            this.buffer.writeDoubleLE(value, this.free);
            this.buffer[--this.free] = 0x11;
        } else if (typeof value === "boolean") {
            this.varint(value ? 1 : 0);
            this.varint(0x20);
        } else if (value === null) {
            this.varint(0);
            this.varint(0x08);
        } else if (Array.isArray(value)) {
            for (let i = value.length - 1; i >= 0; i--) {
                const itemEnd = this.written();
                this.value(value[i]!);
                this.close(0x0a, itemEnd);
            }
            this.close(0x32, end);
        } else {
            this.struct(value);
            this.close(0x2a, end);
        }
    }

    private text(tag: number, value: string): void {
        const length = Buffer.byteLength(value);
        this.reserve(length);
        this.free -= length;
        this.buffer.write(value, this.free, length, "utf8");
        this.varint(length);
        this.varint(tag);
    }

    /** Puts tag and length before everything written since `end`. */
    private close(tag: number, end: number): void {
        this.varint(this.written() - end);
        this.varint(tag);
    }

    private varint(value: number): void {
        const encoded = value < 0x80 ? 1 : varintLength(value);
        this.reserve(encoded);
        this.free -= encoded;
        putVarint(this.buffer, this.free, value);
    }

    private written(): number {
        return this.buffer.length - this.free;
    }

    private reserve(size: number): void {
        if (this.free >= size) {
            return;
        }
        const written = this.bytes();
        const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, written.length + size));
        written.copy(larger, larger.length - written.length);
        this.free = larger.length - written.length;
        this.buffer = larger;
    }
}

export function varint(value: number): Uint8Array {
    const bytes = new Uint8Array(varintLength(value));
    putVarint(bytes, 0, value);
    return bytes;
}

function varintLength(value: number): number {
    let length = 1;
    while (value >= 0x80) {
        value = Math.floor(value / 0x80);
        length++;
    }
    return length;
}

function putVarint(bytes: Uint8Array, at: number, value: number): void {
    while (value >= 0x80) {
        bytes[at++] = (value % 0x80) | 0x80;
        value = Math.floor(value / 0x80);
    }
    bytes[at] = value;
}
