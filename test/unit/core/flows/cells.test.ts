import * as fc from "fast-check";

import { between, cellsOf } from "../../../../core/flows/cells.js";
import { type Box, intersection, isWithin, type Range, Split } from "../../../../core/flows/packet.js";

const ALL: Range = [0n, 2n ** 32n - 1n];
const port = fc.integer({ min: 0, max: 65535 });
const range = fc.tuple(port, port).map(([a, b]): Range => [Math.min(a, b), Math.max(a, b)]);

it("covers every packet once, and each part is within or without every interval that is asked about", () => {
    fc.assert(
        fc.property(fc.array(range, { maxLength: 8 }), port, (asked, probe) => {
            const [start] = between(ALL, ALL, 4) as [Box];
            const ask = ({ dport }: Box): boolean[] =>
                asked.map((each) => {
                    if (intersection(dport, each) === undefined) return false;
                    if (isWithin(dport, each)) return true;
                    throw new Split("dport", each);
                });
            const cells = cellsOf(start, ask).filter(({ box }) => isWithin([probe, probe], box.dport));
            expect(cells.map(({ value }) => value)).toEqual([asked.map((each) => isWithin([probe, probe], each))]);
        }),
    );
});

it("does not go on for ever with a split that parts nothing", () => {
    const [start] = between(ALL, ALL, 4) as [Box];
    const ask = (): never => {
        throw new Split("dport", [0, 65535]);
    };
    expect(() => cellsOf(start, ask)).toThrow("packets do not part by dport");
    expect(() => cellsOf(start, () => JSON.parse("{") as unknown)).toThrow(SyntaxError);
});

it.each([4, 6] as const)("IPv%i: has TCP, UDP, pings and every other protocol once", (family) => {
    const boxes = between(ALL, ALL, family);
    const count = (number: number): number => boxes.filter(({ proto }) => isWithin([number, number], proto)).length;
    const icmp = family === 4 ? 1 : 58;
    for (let number = 0; number < 256; number++) if (number !== icmp) expect(count(number)).toBe(1);
    expect(boxes.filter(({ proto }) => proto[0] === icmp).map(({ type }) => type[0])).toEqual(
        family === 4 ? [8, 13, 15, 17] : [128],
    );
});
