import type { FunctionTable } from "./function.js";

/** Every function of the plugin. */
export const functions: FunctionTable = {
    getStatus: () => (require("./getStatus.js") as typeof import("./getStatus.js")).getStatus,
};
