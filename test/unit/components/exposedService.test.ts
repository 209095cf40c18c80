import * as pulumi from "@pulumi/pulumi";

import { ExposedService, type ExposedServiceArgs, Peer } from "../../../components/index.js";
import { runProgram } from "../program.js";

async function service(
    args: () => ExposedServiceArgs,
    options?: pulumi.ComponentResourceOptions,
): Promise<ExposedService> {
    let found: ExposedService | undefined;
    await runProgram(() => void (found = new ExposedService("wiki", args(), options)));
    return found!;
}

it("is open to nobody, for clients with a post-quantum key exchange alone, unless the program says so", async () => {
    const { serviceName, plain, formerNames } = await service(() => ({ upstream: "127.0.0.1:80" }));
    expect(serviceName).toBe("wiki");
    expect(plain).toEqual({ upstream: "127.0.0.1:80", allow: [], certificate: "both", keyExchange: "require" });
    expect(formerNames).toEqual([]);
});

it("knows peers by their names, however they are given", async () => {
    const { plain } = await service(() => {
        const nas = new Peer("nas");
        return { upstream: { peer: nas, port: 80 }, allow: [nas, "alice"], on: nas };
    });
    expect(plain).toMatchObject({ upstream: { peer: "nas", port: 80 }, allow: ["nas", "alice"], on: "nas" });
});

it("leaves an upstream that another resource supplies as it is", async () => {
    const upstream = pulumi.output("127.0.0.1:80");
    expect((await service(() => ({ upstream, allow: "everyone" }))).plain).toMatchObject({
        upstream,
        allow: "everyone",
    });
});

it("knows what it was called before", async () => {
    const { formerNames } = await service(() => ({ upstream: "127.0.0.1:80" }), { aliases: [{ name: "pages" }] });
    expect(await Promise.all(formerNames)).toEqual(["pages"]);
});

it.each<[unknown, string | RegExp]>([
    [undefined, /^service wiki: /],
    [{ upstream: { peer: 7, port: 80 } }, /^service wiki\.upstream\.peer: /],
    [{ upstream: "127.0.0.1:80", allow: ["alice", null] }, /^service wiki\.allow\[1\]: /],
    [{ upstream: "127.0.0.1:80", on: {} }, /^service wiki\.on/],
    [{ upstream: "127.0.0.1:80", ports: 80 }, "service wiki.ports: is not an argument"],
])("names the argument that is wrong (%#)", async (args, message) => {
    await expect(service(() => args as ExposedServiceArgs)).rejects.toThrow(message);
});
