import { InvalidArgument } from "../../../../core/errors.js";
import { flag, line, list, NONE, number, rest, text } from "../../../../core/packed/words.js";

interface Lamp {
    room: string;
    watts?: number;
    colours?: string[];
    isOn?: true;
    note?: string;
}

const lamp = line<Lamp>(
    "a lamp",
    [
        {
            of: ["room"],
            write: ({ room }) => (room === "" ? NONE : text.write(room)),
            read: (word) => ({ room: word === NONE ? "" : word }),
        },
    ],
    [
        { name: "watts", of: "watts", word: number },
        { name: "colours", of: "colours", word: list },
        { name: "on", of: "isOn", word: flag },
        { name: "note", of: "note", word: rest },
    ],
);

it.each<[string, Lamp]>([
    ["-", { room: "" }],
    ["hall watts 40", { room: "hall", watts: 40 }],
    ["hall colours red,green on", { room: "hall", colours: ["red", "green"], isOn: true }],
    ["hall on note on  and off ", { room: "hall", isOn: true, note: "on  and off " }],
])("reads and writes %s", (written, entry) => {
    expect(lamp.write(entry)).toBe(written);
    expect(lamp.read(written, () => "hall")).toStrictEqual(entry);
});

it.each([
    { room: "living room" },
    { room: "-" },
    { room: "hall", watts: 40.5 },
    { room: "hall", colours: [] },
    { room: "hall", colours: ["red,green"] },
    { room: "hall", isOn: false },
    { room: "hall", note: "" },
    { room: Symbol("not known") },
    { room: "hall", height: 2 },
])("does not write what would be read as something else: %p", (entry) => {
    expect(lamp.write(entry)).toBeUndefined();
});

it.each(["hall volts 12", "hall watts"])("refuses a line of another version, and does not quote it: %s", (written) => {
    expect(() => lamp.read(written, () => "lamps.hall")).toThrow(
        new InvalidArgument(
            "lamps.hall",
            "is not a lamp that this version of pulumi-qp-tunnel can read",
            "use the version that the state was written with, or a newer one",
        ),
    );
});
