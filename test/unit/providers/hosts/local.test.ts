import { createServer } from "node:net";
import { once } from "node:events";
import { text } from "node:stream/consumers";

import { LocalConnection, streamIn } from "../../../../providers/hosts/local.js";
import { serving } from "../../../lab/serving.js";

const here = { kind: "local" } as const;
const nowhere = { kind: "local", namespace: "qptunnel-no-such-namespace" } as const;

it("a relay on this machine is worked on right here", async () => {
    const connection = new LocalConnection(here, serving("cat; echo $PPID >&2"));
    const all = await Promise.all(["one", "two"].map((bundle) => connection.ask(bundle)));
    expect(all).toEqual(["one", "two"].map((stdout) => ({ code: 0, stdout, stderr: `${process.pid}\n` })));
});

it("a stream reaches what listens on this machine", async () => {
    const server = createServer((socket) => socket.end("hello"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
        const { port } = server.address() as { port: number };
        expect(await text(streamIn(here, "127.0.0.1", port))).toBe("hello");
    } finally {
        server.close();
    }
});

it("a namespace that is not there is named, with how to make it", async () => {
    const named = /^namespace qptunnel-no-such-namespace: .*; .*ip netns add/;
    await expect(new LocalConnection(nowhere).ask("")).rejects.toThrow(named);
    expect(() => streamIn(nowhere, "127.0.0.1", 1)).toThrow(named);
});
