// How long the plugin takes until the engine can talk to it, and what importing the library adds to a program.

import { spawn } from "node:child_process";
import { join } from "node:path";

import { secondsSince, timed } from "./processes.mjs";
import { row } from "./rows.mjs";

/** @param {{ root: string, quick: boolean, add: (row: import("./rows.mjs").Row) => void }} bench */
export async function measureStart({ root, quick, add }) {
    const times = quick ? 7 : 21;
    const plugin = [];
    const bare = [];
    for (let turn = 0; turn < times; turn++) {
        bare.push(await untilPort(root, [process.execPath, "-e", BARE_HOST]));
        plugin.push(await untilPort(root, [join(root, "plugin/pulumi-resource-qptunnel")]));
    }
    add(row("a bare gRPC host, start to port printed", "s", bare));
    add(row("the plugin, start to port printed", "s", plugin, { atMost: 0.25 }));

    const engine = [];
    const library = [];
    for (let turn = 0; turn < times; turn++) {
        const { stdout } = await timed([process.execPath, "-e", IMPORT], { cwd: root });
        const [first, second] = JSON.parse(stdout);
        engine.push(first);
        library.push(second);
    }
    add(row("importing @pulumi/pulumi", "s", engine));
    add(row("importing pulumi-qp-tunnel on top of it", "s", library, { atMost: 0.05 }));
}

/** What no plugin in JavaScript can do without: gRPC, and a server on a port. */
const BARE_HOST = `
const grpc = require("@grpc/grpc-js");
const server = new grpc.Server();
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => console.log(port));
process.stdin.on("end", () => process.exit(0)).resume();
`;

const IMPORT = `
const start = process.hrtime.bigint();
require("@pulumi/pulumi");
const between = process.hrtime.bigint();
require("pulumi-qp-tunnel");
const end = process.hrtime.bigint();
console.log(JSON.stringify([Number(between - start) / 1e9, Number(end - between) / 1e9]));
`;

/** Seconds until a host has printed its port; it ends when its standard input does. */
function untilPort(cwd, [command, ...args]) {
    return new Promise((resolve, reject) => {
        const started = process.hrtime.bigint();
        const host = spawn(command, args, { cwd, stdio: ["pipe", "pipe", "inherit"] });
        let seconds;
        host.stdout.once("data", () => {
            seconds = secondsSince(started);
            host.stdin.end();
        });
        host.on("error", reject);
        host.on("close", (code) =>
            seconds === undefined ? reject(new Error(`a host ended with ${code} and no port`)) : resolve(seconds),
        );
    });
}
