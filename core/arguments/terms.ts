import { z } from "zod";
import { TERM_TEXT } from "../access/terms.js";
import { DAYS, windowText } from "../access/window.js";
import { InvalidArgument } from "../errors.js";
import { parseExpires } from "./text.js";
import { text, understood } from "./validate.js";

/** Until when and in which hours something is allowed, and why: fields of a grant, and of who is allowed to open a service. */
export const terms = {
    until: text(parseExpires).optional(),
    window: z
        .strictObject({ days: z.array(z.enum(DAYS)).min(1), from: z.string(), to: z.string(), zone: z.string() })
        .transform((value, context): string => understood(() => windowText(value, ""), context))
        .optional(),
    reason: text((value, subject) => termText(value, subject, 200)).optional(),
    ticket: text((value, subject) => termText(value, subject, 100)).optional(),
};

/** One line: a table, a record and a comment show it as it is. */
function termText(value: string, subject: string, most: number): string {
    if (!TERM_TEXT.test(value))
        throw new InvalidArgument(
            subject,
            value === "" ? "is empty" : "has a line break or an invisible character",
            value === "" ? "write one line, or remove it" : "write it as one line of visible characters",
        );
    if (value.length > most) throw new InvalidArgument(subject, `has more than ${most} characters`, "shorten it");
    return value;
}
