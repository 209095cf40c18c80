/** What a proof is made from: a log, a note beside it, and two keys in the environment. */
import { OTHER_SEED, SEED } from "../../core/audit/logs.js";
import type { scratchFolder } from "../scratch.js";
import type { story } from "../story.js";

export function proofFiles(
    scratch: ReturnType<typeof scratchFolder>,
    log: ReturnType<typeof story>,
): { file: string; note: string } {
    process.env["SEED"] = SEED.toString("hex");
    process.env["WITNESS"] = OTHER_SEED.toString("hex");
    return {
        file: scratch.write("dev.jsonl", log.bytes),
        note: scratch.write("checkpoint.note", log.checkpoint.note),
    };
}

export function forgetSeeds(): void {
    delete process.env["SEED"];
    delete process.env["WITNESS"];
}
