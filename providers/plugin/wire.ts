/**
 * google.protobuf.Struct between its bytes and plain JSON values.
 *
 * Every property of every resource crosses the wire as a Struct. The generated classes build three objects per
 * value, which takes seconds per preview with 10 000 peers; these few functions take a tenth of that.
 * Field numbers: google/protobuf/struct.proto. Encoding: https://protobuf.dev/programming-guides/encoding/.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** @throws Error when the bytes are not a Struct */
export function decodeStruct(bytes: Uint8Array): JsonObject {
    const buffer = asBuffer(bytes);
    return new Reader(buffer).struct(buffer.length);
}

export function encodeStruct(value: JsonObject): Uint8Array {
    const writer = new Writer();
    writer.struct(value);
    return writer.bytes();
}

/**
 * Takes fields of a message apart from the rest of it.
 *
 * @returns the message without these fields, and the content of each of them that is there
 */
export function liftFields(
    message: Uint8Array,
    numbers: readonly number[],
): { rest: Uint8Array; fields: Map<number, Uint8Array> } {
    const buffer = asBuffer(message);
    const reader = new Reader(buffer);
    const fields = new Map<number, Uint8Array>();
    const rest: Buffer[] = [];
    while (reader.at < buffer.length) {
        const start = reader.at;
        const tag = reader.varint();
        const isLifted = numbers.includes(tag >>> 3) && (tag & 7) === LENGTH_DELIMITED;
        reader.skip(tag & 7);
        const field = buffer.subarray(start, reader.at);
        if (isLifted) {
            fields.set(tag >>> 3, contentOf(field));
        } else {
            rest.push(field);
        }
    }
    return { rest: Buffer.concat(rest), fields };
}

/** Adds length-delimited fields to a message: concatenated messages are one message. */
export function appendFields(message: Uint8Array, fields: Iterable<[number, Uint8Array]>): Buffer {
    const parts: Uint8Array[] = [message];
    for (const [number, content] of fields) {
        parts.push(varint((number << 3) | LENGTH_DELIMITED), varint(content.length), content);
    }
    return Buffer.concat(parts);
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

class Reader {
    at = 0;

    constructor(private readonly buffer: Buffer) {}

    struct(end: number): JsonObject {
        const result: JsonObject = {};
        while (this.at < end) {
            const tag = this.varint();
            if (tag !== 0x0a) {
                this.skip(tag & 7);
                continue;
            }
            const entryEnd = this.end();
            let key = "";
            let value: Json = null;
            while (this.at < entryEnd) {
                const entryTag = this.varint();
                if (entryTag === 0x0a) {
                    key = this.text();
                } else if (entryTag === 0x12) {
                    value = this.value(this.end());
                } else {
                    this.skip(entryTag & 7);
                }
            }
            if (key === "__proto__") {
                Object.defineProperty(result, key, { value, enumerable: true, configurable: true, writable: true });
            } else {
                result[key] = value;
            }
        }
        return result;
    }

    varint(): number {
        let result = 0;
        let factor = 1;
        for (;;) {
            const byte = this.buffer[this.at++];
            if (byte === undefined) {
                throw truncated();
            }
            result += (byte & 0x7f) * factor;
            if (byte < 0x80) {
                return result;
            }
            factor *= 0x80;
        }
    }

    skip(wireType: number): void {
        if (wireType === VARINT) {
            this.varint();
        } else if (wireType === FIXED64) {
            this.at += 8;
        } else if (wireType === LENGTH_DELIMITED) {
            this.at = this.end();
        } else if (wireType === FIXED32) {
            this.at += 4;
        } else {
            throw new Error(`a message from the engine has wire type ${wireType}, which nothing here speaks`);
        }
        if (this.at > this.buffer.length) {
            throw truncated();
        }
    }

    private value(end: number): Json {
        let result: Json = null;
        while (this.at < end) {
            const tag = this.varint();
            switch (tag) {
                case 0x08:
                    this.varint();
                    result = null;
                    break;
                case 0x11:
                    result = this.buffer.readDoubleLE(this.at);
                    this.at += 8;
                    break;
                case 0x1a:
                    result = this.text();
                    break;
                case 0x20:
                    result = this.varint() !== 0;
                    break;
                case 0x2a:
                    result = this.struct(this.end());
                    break;
                case 0x32:
                    result = this.list(this.end());
                    break;
                default:
                    this.skip(tag & 7);
            }
        }
        return result;
    }

    private list(end: number): Json[] {
        const result: Json[] = [];
        while (this.at < end) {
            const tag = this.varint();
            if (tag === 0x0a) {
                result.push(this.value(this.end()));
            } else {
                this.skip(tag & 7);
            }
        }
        return result;
    }

    private text(): string {
        const end = this.end();
        const result = this.buffer.toString("utf8", this.at, end);
        this.at = end;
        return result;
    }

    /** Reads a length and returns where what follows ends. */
    private end(): number {
        const length = this.varint();
        const end = this.at + length;
        if (end > this.buffer.length) {
            throw truncated();
        }
        return end;
    }
}

/** Writes from the end to the front, so that a message's length is known when it has to be written. */
class Writer {
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

function varint(value: number): Uint8Array {
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

function contentOf(field: Buffer): Buffer {
    const reader = new Reader(field);
    reader.varint();
    const length = reader.varint();
    return field.subarray(field.length - length);
}

function asBuffer(bytes: Uint8Array): Buffer {
    return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function truncated(): Error {
    return new Error("a message from the engine ends too early");
}
