import { between } from "./between.js";
import { interfaceOfTheKernel } from "./kernel.js";
import { boots, powerFailure, unconfirmed } from "./restarts.js";
import { restoredMachine } from "./restored.js";
import { leavesNothing, serves, setUp } from "./setUp.js";
import { build, takeDown } from "./world.js";

/** A relay on a Debian with systemd and the kernel's WireGuard, in the order in which these share one machine. */
beforeAll(build);
afterAll(takeDown);

setUp();
serves();
boots();
between();
interfaceOfTheKernel();
restoredMachine(powerFailure);
unconfirmed();
leavesNothing();
