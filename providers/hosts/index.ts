import { digitalOcean, local, ssh } from "./functions.js";
import { script } from "./script.js";

/** Where a relay runs. Each function returns a plain description; `Relay` makes what it needs of it. */
export const hosts = { local, ssh, digitalOcean, script };
export type { DigitalOceanOptions, Host, Setup, SshOptions } from "./functions.js";
export type { ScriptOptions } from "./script.js";
