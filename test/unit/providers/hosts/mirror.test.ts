import { relayMirror, RelayGone } from "../../../../providers/hosts/mirror.js";
import { targetAt } from "../resources/relay/lifecycle.js";
import { connect, type Asked, Machine } from "./machine.js";

const CONTENT = Buffer.from([0x7b, 0x22, 0xc3, 0xa9, 0x22, 0x7d, 0x0a, 0x00, 0xff]);

/** The step as the relay's program does it (`mirror.sh`), on a file in memory. */
function mirrored(file: Buffer): { machine: Machine; now: () => Buffer } {
    const machine = Object.assign(new Machine(), { owner: "shop/dev/hub" });
    let there = file;
    machine.says.mirror = ({ values, files }: Asked) => {
        const [offset, length] = [Number(values.offset ?? 0), Number(values.length ?? 0)];
        const base64 = (bytes: Buffer): string => `${bytes.toString("base64").replace(/(.{76})/g, "$1\n")}\n`;
        switch (values.do) {
            case "status":
                return { bytes: `${there.length}\n`, tail: base64(there.subarray(Math.max(0, there.length - length))) };
            case "digest":
                return { digest: "9f86d081\n" };
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
    const { bytes, tail } = await relayMirror(targetAt(machine)).status();
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
    expect(await mirror.digest?.()).toBe("9f86d081");
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
