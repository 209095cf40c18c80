import { local } from "./local.js";

/** Where a relay runs. Each function returns a plain description; `Relay` makes what it needs of it. */
export const hosts = { local };
export type { HostDescriptor, LocalHost } from "./host.js";
