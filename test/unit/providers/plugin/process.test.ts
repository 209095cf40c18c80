import { runPlugin } from "../../../../providers/plugin/process.js";
import * as server from "../../../../providers/plugin/server.js";

const { log, info, debug } = console;
const { argv } = process;
afterEach(() => {
    Object.assign(console, { log, info, debug });
    process.argv = argv;
});

/** A plugin's process without its process: what it printed, and what it does on which signal. */
async function started(...args: string[]) {
    let ended = (): void => undefined;
    const stop = jest.fn(() => new Promise<void>((resolve) => (ended = resolve)));
    const serve = jest.spyOn(server, "serve").mockResolvedValue({ port: 4711, stop });
    const handlers = new Map<string | symbol, () => void>();
    jest.spyOn(process, "on").mockImplementation(((name: string, handler: () => void) => {
        handlers.set(name, handler);
        return process;
    }) as never);
    jest.spyOn(process.stdin, "on").mockReturnThis();
    jest.spyOn(process.stdin, "resume").mockReturnThis();
    const exit = jest.spyOn(process, "exit").mockImplementation((() => undefined) as never);
    const umask = jest.spyOn(process, "umask").mockReturnValue(0o022);
    const out: string[] = [];
    jest.spyOn(process.stdout, "write").mockImplementation((text) => out.push(String(text)) > 0);
    process.argv = ["node", "main.js", ...args];
    await runPlugin({});
    return { serve, stop, exit, umask, out, signal: (name: string) => handlers.get(name)?.(), end: () => ended() };
}

it("says its port on standard output and nothing else, and makes files for its owner alone", async () => {
    const { out, umask } = await started("127.0.0.1:1");
    const stray = jest.spyOn(console, "error").mockImplementation(() => undefined);
    expect(console.log).not.toBe(log);
    stray.mockRestore();
    expect(out).toEqual(["4711\n"]);
    expect(umask).toHaveBeenCalledWith(0o077);
});

it.each<[string[], string | undefined]>([
    [["127.0.0.1:4000"], "127.0.0.1:4000"],
    [["-tracing", "--logflow", "127.0.0.1:4000"], "127.0.0.1:4000"],
    [["127.0.0.1:4000", "--logflow"], "127.0.0.1:4000"],
    [[], undefined],
])("started with %j the engine is at %s", async (args, address) => {
    const { serve } = await started(...args);
    expect(serve).toHaveBeenCalledWith({}, address, {}, {});
});

it.each(["SIGINT", "SIGTERM", "SIGHUP"])("%s ends it once, when what is running has finished", async (name) => {
    const { stop, exit, signal, end } = await started();
    signal(name);
    signal(name);
    signal("SIGTERM");
    expect([stop.mock.calls.length, exit.mock.calls.length]).toEqual([1, 0]);
    end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(exit.mock.calls).toEqual([[0]]);
});
