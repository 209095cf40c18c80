import fc from "fast-check";

import { sanitizeText } from "../../../core/audit/sanitize.js";
import { InvalidArgument } from "../../../core/errors.js";
import { checkName, checkServiceName } from "../../../core/names.js";

const HIDDEN = [
    "\u001b[2J",
    "\u009b31m",
    "\u200b",
    "\u200d",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\u2028",
    "\u0007",
    "\r",
    "\u{e0041}",
];

test.each(HIDDEN)("a name with %j is shown with its code points, and refused", (mark) => {
    const message = messageOf(() => checkName(`ali${mark}ce`, `peers.ali${mark}ce`));
    expect(message).not.toContain(mark);
    expect(message).toMatch(/<U\+[0-9A-F]{4,}>/);
});

test.each(HIDDEN)("a record's text with %j shows it", (mark) => {
    expect(sanitizeText(`ali${mark}ce`)).not.toContain(mark);
});

test("no error moves a terminal's cursor or hides what it says", () => {
    fc.assert(
        fc.property(fc.string({ unit: "binary" }), (value) => {
            expect(new InvalidArgument(value, value, value).message).not.toMatch(
                /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u,
            );
        }),
    );
});

test("a service is the first label of a DNS name, a peer is not", () => {
    expect(checkName("nas-", "peer")).toBe("nas-");
    expect(checkServiceName("grafana", "service")).toBe("grafana");
    expect(messageOf(() => checkServiceName("grafana-", "service grafana-"))).toBe(
        'service grafana-: "grafana-" ends with a hyphen, and the DNS name made of it would not be valid; remove the hyphen at its end',
    );
});

function messageOf(action: () => unknown): string {
    try {
        action();
    } catch (error) {
        return (error as Error).message;
    }
    throw new Error("nothing was refused");
}
