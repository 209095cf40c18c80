import { local, ssh } from "./functions.js";

/** Where a relay runs. Each function returns a plain description; `Relay` makes what it needs of it. */
export const hosts = { local, ssh };
export type { Host, SshOptions } from "./functions.js";
