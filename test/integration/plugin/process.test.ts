import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Readable } from "node:stream";

import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { CreateRequest, type CreateResponse } from "@pulumi/pulumi/proto/provider_pb";

import { version } from "../../../package.json";

const root = join(__dirname, "../../..");
const main = join(root, "dist/providers/plugin/main.js");

/**
 * A plugin with one resource whose create tells on descriptor 3 what it does: it begins, prints, writes the file it
 * was given, waits for `until`, and finishes.
 */
const pluginThat = (until: string) => `
    const { appendFileSync, writeFileSync } = require("node:fs");
    const { runPlugin } = require(${JSON.stringify(join(root, "dist/providers/plugin/process.js"))});
    const engine = process.ppid;
    let signalled = false;
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => (signalled = true));
    const tell = (word) => appendFileSync(3, word + "\\n");
    const slow = {
        schema: { inputs: {}, outputs: {} },
        create: async (_inputs, { urn, log }) => {
            tell("began");
            console.log("a library prints");
            writeFileSync(process.argv[2], "");
            await new Promise((resolve) => {
                const timer = setInterval(() => ${until} && (clearInterval(timer), resolve()), 5);
            });
            log("info", "nobody hears this");
            console.error("nor this");
            tell("finished");
            return { id: "made", outputs: {} };
        },
    };
    void runPlugin({ Slow: () => slow });
`;

/** Stands for the engine: starts the plugin as the engine does and holds its pipes. */
const engineOf = (plugin: string, file: string) => `
    const { spawn } = require("node:child_process");
    const child = spawn(process.execPath, [${JSON.stringify(plugin)}, ${JSON.stringify(file)}, "--tracing", "127.0.0.1:1"], {
        stdio: ["pipe", "pipe", "pipe", 3], detached: true,
    });
    child.stdout.pipe(process.stdout);
    child.stderr.resume();
`;

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-plugin-"));
});

afterEach(() => {
    children.splice(0).forEach((child) => child.kill("SIGKILL"));
    rmSync(folder, { recursive: true });
});

function start(script: string, args: string[] = [], stdin: "pipe" | "ignore" = "pipe"): ChildProcess {
    const child = spawn(process.execPath, [script, ...args], { stdio: [stdin, "pipe", "pipe", "pipe"] });
    children.push(child);
    return child;
}

function script(name: string, source: string): string {
    const file = join(folder, name);
    writeFileSync(file, source);
    return file;
}

/** Everything a stream says, as it comes: `until` waits for a text, `all` for the end. */
class Listener {
    private heard = "";
    private readonly ended: Promise<unknown>;

    constructor(private readonly stream: Readable) {
        stream.setEncoding("utf8").on("data", (text: string) => (this.heard += text));
        this.ended = once(stream, "end");
    }

    async until(text: string): Promise<string> {
        while (!this.heard.includes(text)) {
            await Promise.race([
                once(this.stream, "data"),
                this.ended.then(() => Promise.reject(new Error(this.heard))),
            ]);
        }
        return this.heard;
    }

    async all(): Promise<string> {
        await this.ended;
        return this.heard;
    }
}

const listenTo = (child: ChildProcess, descriptor: 1 | 2 | 3) => new Listener(child.stdio[descriptor] as Readable);

function clientOf(port: string): ResourceProviderClient {
    return new ResourceProviderClient(`127.0.0.1:${port.trim()}`, grpc.credentials.createInsecure());
}

function create(client: ResourceProviderClient): Promise<CreateResponse> {
    const request = new CreateRequest();
    request.setUrn("urn:pulumi:dev::vpn::qptunnel:index:Slow::slow");
    return new Promise((resolve, reject) => {
        client.create(request, (error, response) => (error ? reject(error) : resolve(response)));
    });
}

it("prints its port, and only that, and ends with the engine's pipe", async () => {
    const begin = performance.now();
    const plugin = start(main, ["127.0.0.1:1"]);
    const [stdout, stderr] = [listenTo(plugin, 1), listenTo(plugin, 2)];
    const port = await stdout.until("\n");
    process.stdout.write(`plugin start to port printed: ${Math.round(performance.now() - begin)} ms\n`);
    const client = clientOf(port);
    const info = await new Promise<PluginInfo>((resolve, reject) => {
        client.getPluginInfo(new Empty(), (error, response) => (error ? reject(error) : resolve(response)));
    });
    client.close();
    plugin.stdin?.end();
    const [code] = await once(plugin, "exit");
    expect(info.getVersion()).toBe(version);
    expect([code, await stdout.all(), await stderr.all()]).toStrictEqual([0, port, ""]);
    expect(port).toMatch(/^\d+\n$/);
});

it("finishes what it is doing when the engine is killed, and then exits", async () => {
    const plugin = script("plugin.js", pluginThat("process.ppid !== engine"));
    const engine = start(script("engine.js", engineOf(plugin, join(folder, "file"))));
    const events = listenTo(engine, 3);
    const client = clientOf(await listenTo(engine, 1).until("\n"));
    const call = create(client).catch((error: grpc.ServiceError) => error.code);
    await events.until("began\n");
    engine.kill("SIGKILL");
    // The plugin inherited descriptor 3: it ends when the plugin is gone, too.
    expect(await events.all()).toBe("began\nfinished\n");
    client.close();
    await call;
});

it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("answers what it is doing before it obeys %s", async (signal) => {
    const plugin = start(script("plugin.js", pluginThat("signalled")), [join(folder, "file"), "127.0.0.1:1"]);
    const events = listenTo(plugin, 3);
    const client = clientOf(await listenTo(plugin, 1).until("\n"));
    const call = create(client);
    await events.until("began\n");
    plugin.kill(signal);
    const [code] = await once(plugin, "exit");
    expect([(await call).getId(), code, await events.all()]).toStrictEqual(["made", 0, "began\nfinished\n"]);
    client.close();
});

it("keeps libraries off its standard output and others off its files", async () => {
    const file = join(folder, "file");
    const plugin = start(script("plugin.js", pluginThat("true")), [file, "127.0.0.1:1"], "ignore");
    const [stdout, stderr] = [listenTo(plugin, 1), listenTo(plugin, 2)];
    const port = await stdout.until("\n");
    const client = clientOf(port);
    await create(client);
    client.close();
    plugin.kill("SIGTERM");
    await once(plugin, "exit");
    expect(await stdout.all()).toBe(port);
    expect(await stderr.all()).toContain("a library prints");
    expect(statSync(file).mode & 0o777).toBe(0o600);
});
