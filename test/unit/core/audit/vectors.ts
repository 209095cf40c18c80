import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { AuditEntry, Checkpoint } from "../../../../core/audit/record.js";

export interface CapsuleVector {
    name: string;
    capsule_dict: unknown;
    canonical_json: string;
    sha3_256_hash: string;
}

/** A whole log, sealed once and for ever: a change that alters one byte of it breaks every log there is. */
export const frozenLog: {
    seed: string;
    public_key: string;
    entries: AuditEntry[];
    lines: string[];
    checkpoint: Checkpoint;
    capsules: CapsuleVector[];
} = read(join(__dirname, "vectors/log.json"));

/** Vectors that others made lie beside the repository where it is developed; elsewhere there are none. */
export function sharedFixtures<Fixture>(name: string): Fixture[] {
    const file = join(__dirname, "../../../../../shared/fixtures", name);
    return existsSync(file) ? read<{ fixtures: Fixture[] }>(file).fixtures : [];
}

function read<Content>(file: string): Content {
    return JSON.parse(readFileSync(file, "utf8")) as Content;
}
