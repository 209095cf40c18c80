import { z } from "zod";

import { InvalidArgument } from "../../../../core/errors.js";
import { form, refuseUndefined, supplied, text, validate } from "../../../../core/arguments/validate.js";

const SECRET = "a secret that is in no message";
const even = (value: string, subject: string): string => {
    if (value.length % 2 === 0) return value.toUpperCase();
    throw new InvalidArgument(subject, "is odd", "add a letter");
};
const refused = (schema: z.ZodType, value: unknown): string => {
    try {
        validate(schema, value, "relay");
        return "nothing was refused";
    } catch (error) {
        expect(error).toBeInstanceOf(InvalidArgument);
        expect((error as Error).message).not.toContain(SECRET);
        return (error as Error).message;
    }
};

it("gives the value as the schema understands it", () => {
    const schema = z.strictObject({ name: text(even), port: z.int().default(443) });
    expect(validate(schema, { name: "ab" }, "relay")).toEqual({ name: "AB", port: 443 });
});

it.each<[z.ZodType, unknown, string]>([
    [z.string(), 7, "relay: is a number, not a string; give a string"],
    [z.string(), undefined, "relay: is missing; give a string"],
    [z.string(), null, "relay: is null; give a string"],
    [z.array(z.string()), SECRET, "relay: is a string, not a list; give a list"],
    [z.object({}), [SECRET], "relay: is a list, not an object; give an object"],
    [z.boolean(), SECRET, "relay: is a string, not true or false; give true or false"],
    [z.int(), 1.5, "relay: is not an integer; give an integer"],
    [z.number(), NaN, "relay: is not a number; give a number"],
    [
        z.string(),
        Promise.resolve(SECRET),
        "relay: is an Output, but must be known when the program runs; give a string",
    ],
    [
        z.string(),
        { __pulumiOutput: true },
        "relay: is an Output, but must be known when the program runs; give a string",
    ],
    [z.enum(["a", "b", "c"]), SECRET, 'relay: is not an allowed value; choose "a", "b" or "c"'],
    [z.number().min(1), 0, "relay: is too small; choose 1 or more"],
    [z.number().max(9), 10, "relay: is too large; choose 9 or less"],
    [z.array(z.string()).min(1), [], "relay: is too short; give at least 1 entry"],
    [z.string().max(2), SECRET, "relay: is too long; give at most 2 characters"],
    [text(even), "abc", "relay: is odd; add a letter"],
])("%# says what is wrong and what would be right", (schema, value, message) => {
    expect(refused(schema, value)).toBe(message);
});

it("names every fault at once, each by its path", () => {
    const schema = z.strictObject({ grants: z.array(z.strictObject({ to: z.string() })), mtu: z.int() });
    const message = refused(schema, { grants: [{ to: "a" }, { to: 7, form: SECRET }], mtu: "1420", sise: SECRET });
    for (const fault of [
        "relay.grants[1].to: is a number, not a string; give a string",
        "relay.grants[1].form: is not an argument; correct the spelling, or remove it",
        "relay.mtu: is a string, not a number; give a number",
        "relay.sise: is not an argument",
    ])
        expect(message).toContain(fault);
});

it("a value that another resource supplies is checked now when it is known, and later otherwise", () => {
    const later = Promise.resolve("abc");
    expect(validate(supplied(even), "ab", "relay")).toBe("AB");
    expect(validate(supplied(even), later, "relay")).toBe(later);
    expect(refused(supplied(even), "abc")).toBe("relay: is odd; add a letter");
    expect(refused(supplied(even), 7)).toBe("relay: is a number, not a string; give a string");
    expect(refused(supplied(even), undefined)).toBe("relay: is missing; give a string");
});

it("the fault of a value with several forms is about the form that was meant", () => {
    const either = form<unknown>((value) => (typeof value === "string" ? text(even) : z.object({ peer: z.string() })));
    expect(validate(either, "ab", "relay")).toBe("AB");
    expect(refused(either, "abc")).toBe("relay: is odd; add a letter");
    expect(refused(either, { peer: 7 })).toBe("relay.peer: is a number, not a string; give a string");
});

it("what is no fault of an argument is thrown as it is", () => {
    const broken = text(() => {
        throw new TypeError("a fault of ours");
    });
    expect(() => validate(broken, "x", "relay")).toThrow(TypeError);
    expect(() =>
        validate(
            z.string().refine(() => false),
            "x",
            "relay",
        ),
    ).toThrow("no words for the issue custom at relay");
});

it("a key that is named and undefined is refused where leaving it out would make a new one", () => {
    const keys = { privateKey: "generated" };
    expect(() => refuseUndefined("relay", { privateKey: undefined }, keys)).toThrow(
        "relay.privateKey: is set to undefined; correct the source of the value, or omit privateKey to have one generated",
    );
    expect(() =>
        refuseUndefined("relay", { privateKey: "x", toString: undefined, mtu: undefined }, keys),
    ).not.toThrow();
});
