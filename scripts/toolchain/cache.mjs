// Where what is downloaded or built once is kept, outside of git.

import { homedir } from "node:os";
import { join } from "node:path";

export const cache =
    process.env.QPTUNNEL_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pulumi-qp-tunnel");
