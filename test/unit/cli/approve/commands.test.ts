import { run } from "../run.js";

it("explains itself", async () => {
    const { code, stdout } = await run("approve", "--help");
    expect(code).toBe(0);
    for (const option of ["--key", "--folder", "--log", "--accept-unknown", "--check", "--json"])
        expect(stdout).toContain(option);
    expect((await run("approve")).code).toBe(2);
});
