import { EngineLog } from "../../../../providers/plugin/engine.js";
import { echo, Engine, urnOf } from "./harness.js";

let printed: string;
let engine: Engine | undefined;
beforeEach(() => {
    printed = "";
    jest.spyOn(process.stderr, "write").mockImplementation((text) => {
        printed += String(text);
        return true;
    });
});
afterEach(async () => {
    await engine?.stop();
    engine = undefined;
});

it("a line goes to the engine with its severity and its resource, in the order it was given", async () => {
    engine = await Engine.start({ Lamp: () => echo("Lamp") });
    const log = new EngineLog(engine.address);
    for (const severity of ["debug", "info", "warning", "error"] as const) log.line(severity, urnOf("Lamp"), severity);
    await log.flush();
    expect(engine.lines).toEqual([
        "DEBUG relay: debug",
        "INFO relay: info",
        "WARNING relay: warning",
        "ERROR relay: error",
    ]);
    expect(printed).toBe("");
});

it("without an engine lines go to standard error, and to an engine as soon as there is one", async () => {
    const log = new EngineLog(undefined);
    log.line("warning", "urn", "alone");
    await log.flush();
    expect(printed).toBe("warning: alone\n");
    engine = await Engine.start({});
    log.attach(engine.address);
    log.line("info", urnOf("Lamp"), "together");
    await log.flush();
    expect(engine.lines).toEqual(["INFO relay: together"]);
});

it("an engine that is gone stops nothing: the line is printed with the reason", async () => {
    const log = new EngineLog("127.0.0.1:1");
    log.line("info", "urn", "still done");
    await log.flush();
    expect(printed).toMatch(/^info: still done \(not delivered: .*UNAVAILABLE.*\)\n$/s);
    log.attach("127.0.0.1:1");
});
