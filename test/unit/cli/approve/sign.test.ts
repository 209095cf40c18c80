import { signWithSsh } from "../../../../cli/approve/sign.js";
import { InvalidArgument } from "../../../../core/errors.js";
import { scratchFolder } from "../scratch.js";

// That it signs is shown by approve.test.ts.
const scratch = scratchFolder();

it("says why ssh-keygen does not sign", () => {
    const file = scratch.write("no-key", "nothing\n");
    expect(() => signWithSsh("text", file)).toThrow(InvalidArgument);
    expect(() => signWithSsh("text", file)).toThrow(/no-key: does not sign: /);
});

it("says that ssh-keygen is missing", () => {
    const { PATH } = process.env;
    process.env["PATH"] = scratch.path;
    try {
        expect(() => signWithSsh("text", scratch.write("key", ""))).toThrow("ssh-keygen: cannot be started");
    } finally {
        process.env["PATH"] = PATH;
    }
});
