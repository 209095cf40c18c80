import * as pulumi from "@pulumi/pulumi";

import { UNKNOWN } from "../../../providers/resources/resource.js";
import { plainInputs } from "../../../testing/plain.js";
import { secret } from "../program.js";

it("has no marks of secrets, and says what is not known", () => {
    const inputs = { key: secret("k"), peers: { alice: secret({ at: [secret("a"), 1, null] }) }, id: pulumi.unknown };
    expect(plainInputs(inputs)).toEqual({ key: "k", peers: { alice: { at: ["a", 1, null] } }, id: UNKNOWN });
});
