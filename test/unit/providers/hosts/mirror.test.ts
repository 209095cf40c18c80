import { createHash } from "node:crypto";

import { relayMirror, RelayGone } from "../../../../providers/hosts/mirror.js";
import { targetAt } from "../resources/relay/lifecycle.js";
import { connect, type Asked, Machine } from "./machine.js";

const CONTENT = Buffer.from([0x7b, 0x22, 0xc3, 0xa9, 0x22, 0x7d, 0x0a, 0x00, 0xff]);

/** The step as the relay's program does it (`mirror.sh`), on a file in memory. */
function mirrored(file: Buffer): { machine: Machine; now: () => Buffer } {
    const machine = Object.assign(new Machine(), { owner: "shop/dev/hub" });
    let there = file;
    const base64 = (bytes: Buffer): string => `${bytes.toString("base64").replace(/(.{76})/g, "$1\n")}\n`;
    const digest = (): string => createHash("sha256").update(there).digest("hex");
    const status = (length: number): Record<string, string> => ({
        bytes: `${there.length}\n`,
        tail: base64(there.subarray(Math.max(0, there.length - length))),
        digest: `${digest()}\n`,
    });
    machine.says.mirror = ({ values, files }: Asked) => {
        const [offset, length] = [Number(values.offset ?? 0), Number(values.length ?? 0)];
        switch (values.do) {
            case "extend":
                if (there.length !== offset || values.digest !== digest()) return status(length);
                there = Buffer.concat([there, Buffer.from(files.content ?? "", "base64")]);
                return {};
            case "status":
                return status(length);
            case "append":
                there = Buffer.concat([there.subarray(0, offset), Buffer.from(files.content ?? "", "base64")]);
                return {};
            default:
                return { content: base64(there.subarray(offset, offset + length)) };
        }
    };
    connect(machine);
    return { machine, now: () => there };
}

it("says how long the copy is and how it ends", async () => {
    const { machine } = mirrored(Buffer.concat([Buffer.alloc(5000, "x"), CONTENT]));
    const { bytes, tail, digest } = await relayMirror(targetAt(machine)).status();
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(bytes).toBe(5000 + CONTENT.length);
    expect(tail).toHaveLength(4096);
    expect(tail?.subarray(-CONTENT.length)).toEqual(CONTENT);
});

it("appends at a place and reads any bytes as they are", async () => {
    const { machine, now } = mirrored(Buffer.from("old\nlost"));
    const mirror = relayMirror(targetAt(machine));
    await mirror.append(4, CONTENT);
    expect(now()).toEqual(Buffer.concat([Buffer.from("old\n"), CONTENT]));
    expect(await mirror.read(4, CONTENT.length)).toEqual(CONTENT);
    expect(await mirror.read(0, 3)).toEqual(Buffer.from("old"));
});

it("extends a copy that is as expected in one request, and else says what it holds instead", async () => {
    const { machine, now } = mirrored(Buffer.from("old\n"));
    const mirror = relayMirror(targetAt(machine));
    const digest = createHash("sha256").update("old\n").digest("hex");
    expect(await mirror.extend?.(4, digest, CONTENT)).toBeUndefined();
    const whole = Buffer.concat([Buffer.from("old\n"), CONTENT]);
    expect(now()).toEqual(whole);
    const instead = { ...(await mirror.status()), bytes: whole.length, tail: whole };
    expect(await mirror.extend?.(4, digest, CONTENT)).toEqual(instead);
    expect(await mirror.extend?.(whole.length, digest, CONTENT)).toEqual(instead);
    expect(now()).toEqual(whole);
});

it("of a relay that has no copy yet is empty", async () => {
    const machine = new Machine();
    connect(machine);
    const mirror = relayMirror(targetAt(machine));
    expect(await mirror.status()).toEqual({ bytes: 0, tail: Buffer.alloc(0) });
    expect(await mirror.read(0, 10)).toEqual(Buffer.alloc(0));
});

it("is gone with the relay, which says what to do", async () => {
    const machine = new Machine({ kind: "local" });
    machine.says.mirror = () => ({ missing: "mirror\n" });
    connect(machine);
    const status = relayMirror(targetAt(machine)).status();
    await expect(status).rejects.toBeInstanceOf(RelayGone);
    await expect(status).rejects.toThrow(
        "this machine: the relay is not set up there: the machine was rebuilt, or its records were removed; run `pulumi up --refresh`, which sets it up again",
    );
});
