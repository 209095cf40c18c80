import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A program that serves requests as the relay's does, and does with each what `main` says. Default: runs it as a program. */
export function serving(main = "bash -s"): string {
    const serve = readFileSync(join(__dirname, "../../providers/relay/serve.sh"), "utf8");
    return `${serve}\nbe_strict() { set -Eeuo pipefail; }\nmain() { ${main}; }\n{ serve; exit; }\n`;
}
