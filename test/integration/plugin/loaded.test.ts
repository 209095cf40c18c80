/** What a plugin's process loads: Pulumi's SDK and the components take longer than everything else, and few processes need them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";

import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { ConstructRequest, GetSchemaRequest } from "@pulumi/pulumi/proto/provider_pb";

const root = join(__dirname, "../../..");
const main = join(root, "dist/providers/plugin/main.js");

/** Tells on descriptor 3, when it ends, which files it loaded. */
const telling = `
    process.on("exit", () => require("node:fs").writeFileSync(3, Object.keys(require.cache).join("\\n")));
    require(${JSON.stringify(main)});
`;

/** Files that a plugin has loaded after these calls, without the folder of the package. */
async function loadedAfter(call: (client: ResourceProviderClient) => Promise<unknown>): Promise<string[]> {
    const child = spawn(process.execPath, ["-e", telling, "127.0.0.1:1"], {
        stdio: ["pipe", "pipe", "ignore", "pipe"],
    });
    const told = text(child.stdio[3] as Readable);
    const [port] = (await once(child.stdout!, "data")) as [Buffer];
    const client = new ResourceProviderClient(`127.0.0.1:${String(port).trim()}`, grpc.credentials.createInsecure());
    try {
        await call(client);
    } finally {
        client.close();
        child.stdin!.end();
    }
    return (await told).split("\n").map((file) => file.replace(`${root}/`, ""));
}

/** The SDK but for the messages of the protocol, and the components. */
const isOfPrograms = (file: string): boolean =>
    /^dist\/components\//.test(file) || /node_modules\/@pulumi\/pulumi\/(?!proto\/)/.test(file);

it("loads neither Pulumi's SDK nor the components to start and to tell its schema", async () => {
    const loaded = await loadedAfter(
        (client) =>
            new Promise((resolve, reject) =>
                client.getSchema(new GetSchemaRequest(), (error) => (error ? reject(error) : resolve(undefined))),
            ),
    );
    expect(loaded).toEqual(
        expect.arrayContaining(["dist/providers/plugin/server.js", "dist/providers/plugin/schema.js"]),
    );
    expect(loaded.filter(isOfPrograms)).toStrictEqual([]);
});

it("loads them when it is asked for a component", async () => {
    const request = new ConstructRequest();
    request.setType("qptunnel:index:Relay");
    // No engine listens there.
    request.setMonitorendpoint("127.0.0.1:1");
    const loaded = await loadedAfter((client) => new Promise((resolve) => client.construct(request, resolve)));
    expect(loaded).toEqual(expect.arrayContaining(["dist/components/remote/relay.js", "dist/components/relay.js"]));
});
