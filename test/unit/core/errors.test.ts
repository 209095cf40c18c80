import { attempt, HostError, InvalidArgument, TunnelError, visible } from "../../../core/errors.js";

describe("attempt", () => {
    it("gives what the check gives, a falsy value too", () => {
        const refused = jest.fn();
        expect([attempt(() => 7, refused), attempt(() => "", refused)]).toEqual([7, ""]);
        expect(refused).not.toHaveBeenCalled();
    });

    it("hands over what is refused, of whatever kind", () => {
        const errors: TunnelError[] = [new InvalidArgument("a", "b", "c"), new HostError("d", "e", "f")];
        const told: TunnelError[] = [];
        for (const error of errors) {
            const check = (): number => {
                throw error;
            };
            expect(attempt(check, (refusal) => told.push(refusal))).toBeUndefined();
        }
        expect(told).toEqual(errors);
    });

    it("lets a bug travel on", () => {
        const bug = new TypeError("a bug");
        const check = (): never => {
            throw bug;
        };
        expect(() => attempt(check, () => undefined)).toThrow(bug);
    });
});

it("an error reads subject: problem; fix, and bears the name of its kind", () => {
    const cause = new Error("why");
    const error = new HostError("relay", "it is gone", "set it up", { cause });
    expect(error).toMatchObject({ message: "relay: it is gone; set it up", name: "HostError", cause });
    expect(error).toBeInstanceOf(TunnelError);
});

it("what a terminal would act on or hide is spelled out; a line break stays", () => {
    expect(visible("a\u001b[2Jb\u200b\u202ec\nd")).toBe("a<U+001B>[2Jb<U+200B><U+202E>c\nd");
    expect(new TunnelError("\u0007", "p", "f").message).toBe("<U+0007>: p; f");
});
