import { RunError } from "@pulumi/pulumi";

import { InvalidArgument, Peer } from "../../../components/index.js";

it("refuses with an error that Pulumi prints as a message, not as a stack", () => {
    const refused = (): unknown => {
        try {
            return new Peer("get");
        } catch (error) {
            return error;
        }
    };
    expect(refused()).toBeInstanceOf(InvalidArgument);
    expect(RunError.isInstance(refused())).toBe(true);
    expect(RunError.isInstance(new TypeError("a fault"))).toBe(false);
});
