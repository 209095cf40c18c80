import { sshKeyPair } from "../../../../../providers/resources/keys/sshKeyPair.js";
import { UNKNOWN, type Context, type Properties } from "../../../../../providers/resources/resource.js";

const applying = { preview: false, urn: "urn:login" } as Context;
const previewing = { preview: true, urn: "urn:login" } as Context;
const inputs = { purpose: "logs in", keepers: { image: "debian" } };

async function created(of: Properties = inputs, context = applying): Promise<Properties> {
    return (await sshKeyPair.create(of, context)).outputs;
}

describe("SshKeyPair", () => {
    it("makes another pair each time, under an id that tells nothing of it", async () => {
        const [first, second] = [await sshKeyPair.create(inputs, applying), await sshKeyPair.create(inputs, applying)];
        expect(first.outputs).toStrictEqual({
            ...inputs,
            publicKey: expect.stringMatching(/^ssh-ed25519 [A-Za-z0-9+/]{68}$/),
            privateKey: expect.stringMatching(/^-----BEGIN OPENSSH PRIVATE KEY-----\n/),
        });
        expect(first.outputs["privateKey"]).not.toBe(second.outputs["privateKey"]);
        expect(first.id).toMatch(/^[0-9a-f]{16}$/);
    });

    it("does not know it in a preview", async () => {
        const unknown = { ...inputs, publicKey: UNKNOWN, privateKey: UNKNOWN };
        expect(await created(inputs, previewing)).toStrictEqual(unknown);
        const news = { ...inputs, keepers: { image: UNKNOWN } };
        expect(await sshKeyPair.update("id", inputs, await created(), news, previewing)).toStrictEqual({
            ...unknown,
            keepers: news.keepers,
        });
    });

    it.each([
        ["nothing", {}, {}, true],
        ["its purpose", { purpose: "else" }, { purpose: "update" }, true],
        ["what it belongs to", { keepers: { image: "ubuntu" } }, { keepers: "update" }, false],
        ["the number of things it belongs to", { keepers: {} }, { keepers: "update" }, false],
    ])("sees a change of %s", async (_, change, changes, keeps) => {
        const outputs = await created();
        const news = { ...inputs, ...change };
        expect(await sshKeyPair.diff("id", inputs, outputs, news, applying)).toStrictEqual({ changes });
        const updated = await sshKeyPair.update("id", inputs, outputs, news, applying);
        expect(updated["privateKey"] === outputs["privateKey"]).toBe(keeps);
    });

    it("refuses bad inputs by name", async () => {
        const { failures } = await sshKeyPair.check({ purpose: "", keepers: [] }, undefined, applying);
        expect(failures.map(({ path }) => path)).toStrictEqual(["purpose", "keepers"]);
        const unknown = { purpose: UNKNOWN, keepers: UNKNOWN };
        expect((await sshKeyPair.check(unknown, undefined, applying)).failures).toStrictEqual([]);
    });

    it("reads what the state says, and has nothing to import", async () => {
        expect(await sshKeyPair.read("id", inputs, inputs, applying)).toStrictEqual({
            id: "id",
            inputs,
            outputs: inputs,
        });
        expect(await sshKeyPair.read("id", {}, {}, applying)).toBeUndefined();
    });
});
