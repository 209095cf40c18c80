import type { JsonObject } from "./json.js";
import { LENGTH_DELIMITED, WireReader } from "./wireReader.js";
import { varint, WireWriter } from "./wireWriter.js";

/**
 * google.protobuf.Struct between its bytes and plain JSON values.
 *
 * Every property of every resource crosses the wire as a Struct. The generated classes build three objects per
 * value, which takes seconds per preview with 10 000 peers; these few functions take a tenth of that.
 * Field numbers: google/protobuf/struct.proto. Encoding: https://protobuf.dev/programming-guides/encoding/.
 */

/** @throws Error when the bytes are not a Struct */
export function decodeStruct(bytes: Uint8Array): JsonObject {
    const buffer = asBuffer(bytes);
    return new WireReader(buffer).struct(buffer.length);
}

export function encodeStruct(value: JsonObject): Uint8Array {
    const writer = new WireWriter();
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
    const reader = new WireReader(buffer);
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

function contentOf(field: Buffer): Buffer {
    const reader = new WireReader(field);
    reader.varint();
    const length = reader.varint();
    return field.subarray(field.length - length);
}

function asBuffer(bytes: Uint8Array): Buffer {
    return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
