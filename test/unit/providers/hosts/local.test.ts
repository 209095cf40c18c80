import { createServer } from "node:net";
import { once } from "node:events";
import { text } from "node:stream/consumers";

import { runIn, streamIn } from "../../../../providers/hosts/local.js";

const here = { kind: "local" } as const;
const nowhere = { kind: "local", namespace: "qptunnel-no-such-namespace" } as const;

it("a relay on this machine is worked on right here", async () => {
    expect(await runIn(here, ["sh", "-c", "cat"], "input")).toEqual({ code: 0, stdout: "input", stderr: "" });
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

it("a namespace that is not there is named, with how to make it", () => {
    for (const attempt of [() => runIn(nowhere, ["true"], ""), () => streamIn(nowhere, "127.0.0.1", 1)])
        expect(attempt).toThrow(/^namespace qptunnel-no-such-namespace: .*; .*ip netns add/);
});
