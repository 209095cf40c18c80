import { TunnelError } from "../../core/errors.js";
import { Screen, seconds } from "./screen.js";
import type { Step } from "./step.js";
import { apply, connect, lookAgain, preview } from "./steps/apply.js";
import { cutOff } from "./steps/cutOff.js";
import { destroy } from "./steps/destroy.js";
import { repair } from "./steps/repair.js";
import { readLog } from "./steps/log.js";
import { open, ping, refuse } from "./steps/reach.js";
import { MACHINES, World } from "./world.js";

const STEPS: Step[] = [preview, apply, connect, ping, open, refuse, lookAgain, cutOff, repair, readLog, destroy];

/** How the demo ends when it is interrupted, as shells count. */
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

void main();

async function main(): Promise<void> {
    process.umask(0o077);
    const screen = new Screen(STEPS.length);
    const started = performance.now();
    let world: World | undefined;
    let leaving = false;
    for (const [signal, code] of Object.entries(INTERRUPTED)) {
        process.on(signal, () => {
            if (leaving) return;
            leaving = true;
            screen.leave(`\n${signal}: removing everything …`);
            // Without a world, the laboratory's guardian removes what there is.
            void Promise.resolve(world?.close())
                .then(() => screen.leave("nothing is left on this machine"))
                .finally(() => process.exit(code));
        });
    }
    try {
        introduce(screen);
        world = await World.create(screen);
        screen.print(`\nsix machines are up, ${seconds(performance.now() - started)}`);
        const failed = await runAll(world, screen);
        if (leaving) return;
        await world.close();
        const took = seconds(performance.now() - started);
        if (failed === 0)
            screen.verdict(true, `all ${STEPS.length} steps ok, ${took}; nothing is left on this machine`);
        else screen.verdict(false, `${failed} of ${STEPS.length} steps FAILED, ${took}`);
        process.exitCode = failed === 0 ? 0 : 1;
    } catch (error) {
        if (leaving) return;
        await world?.close();
        // What is missing on this machine is told in a sentence; anything else is a fault and keeps its stack.
        if (!(error instanceof TunnelError)) throw error;
        screen.verdict(false, error.message);
        process.exitCode = 1;
    }
}

function introduce(screen: Screen): void {
    screen.print(`A WireGuard relay as a Pulumi program: previewed, applied, used, changed, checked, removed.
The engine, WireGuard, nftables, Caddy and the log are the real ones; the machines are network namespaces:

  relay      ${MACHINES.relay.wan} on the open network, ${MACHINES.relay.lan} on its own
  alice      ${MACHINES.alice.wan}, may open the service "notes" and ping nas
  bob        ${MACHINES.bob.wan}, may use one port of nas, not "notes"
  nas        ${MACHINES.nas.wan}, where "notes" really runs
  stranger   ${MACHINES.stranger.wan}, on the open network, no peer
  printer    ${MACHINES.printer.lan}, on the relay's own network, no peer

The program is examples/local/index.ts.`);
}

/** How many failed. */
async function runAll(world: World, screen: Screen): Promise<number> {
    let failed = 0;
    for (const step of STEPS) {
        screen.begin(step.title, step.command);
        const started = performance.now();
        try {
            await step.run(world);
            screen.ok(performance.now() - started);
        } catch (error) {
            failed++;
            screen.failed((error as Error).message, performance.now() - started);
            if (step.essential) {
                screen.say("The other steps need this one, so they are left out.");
                break;
            }
        }
    }
    return failed;
}
