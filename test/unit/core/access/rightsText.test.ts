import * as fc from "fast-check";
import { parseRights, renderRights } from "../../../../core/access/rightsText.js";

const word = fc.stringMatching(/^[a-zA-Z0-9()./:-]{1,12}$/);
const right = fc.record({
    from: word,
    to: word,
    ports: fc.constantFrom("tcp/22", "icmp", "all", "udp/1-9"),
    by: fc.oneof(
        fc.nat(99).map((index) => `grants[${index}]`),
        word.map((name) => `service ${name}`),
    ),
});

it("reads what it writes", () => {
    fc.assert(fc.property(fc.array(right), (rights) => expect(parseRights(renderRights(rights))).toEqual(rights)));
});

it.each(["alice nas tcp/22", "alice nas tcp/22 grants[0]", "\n", " alice nas icmp grants[0]\n"])(
    "refuses %j",
    (text) => {
        expect(parseRights(text)).toBeUndefined();
    },
);
