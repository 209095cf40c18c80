import type { Json, JsonObject } from "./json.js";

/** How a field's content is delimited: https://protobuf.dev/programming-guides/encoding/. */
export const LENGTH_DELIMITED = 2;
const VARINT = 0;
const FIXED64 = 1;
const FIXED32 = 5;

/** Reads protobuf from a buffer, front to back; `at` is where the next byte is. */
export class WireReader {
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

function truncated(): Error {
    return new Error("a message from the engine ends too early");
}
