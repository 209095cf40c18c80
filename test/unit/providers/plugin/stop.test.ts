import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { serve } from "../../../../providers/plugin/server.js";

let engine: Socket | undefined;

afterEach(() => void engine?.destroy());

describe("a plugin that is told to stop", () => {
    // The engine closes its connection and ends the plugin at the same moment. A plugin that waited for the connection's
    // end for ever was killed after 5 s, and the engine called the others that it had to end by then crashed.
    it("does not wait for a connection that never speaks", async () => {
        const plugin = await serve({}, undefined);
        engine = connect(plugin.port, "127.0.0.1").on("error", () => {});
        await once(engine, "connect");
        await plugin.stop();
    });

    it("takes no new connection afterwards", async () => {
        const plugin = await serve({}, undefined);
        await plugin.stop();
        engine = connect(plugin.port, "127.0.0.1");
        const [error] = (await once(engine, "error")) as [NodeJS.ErrnoException];
        expect(error.code).toBe("ECONNREFUSED");
    });
});
