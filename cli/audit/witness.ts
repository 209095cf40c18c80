import { readFileSync } from "node:fs";

import { isUsablePublicKey } from "../../core/audit/primitives.js";
import { parseExtension } from "../../core/audit/proofText.js";
import { AuditError, InvalidArgument } from "../../core/errors.js";
import { loadSigningKey } from "../../providers/audit/signingKey.js";
import { witnessCheckpoint } from "../../providers/audit/witness.js";
import { Exit, type Output, printJson } from "../output.js";
import { report } from "./intact.js";

interface Options {
    memory: string;
    name: string;
    key: string[];
    signingKey: string;
    json?: boolean;
}

/** `qp-tunnel audit witness`: prints the note with the witness's signature, or refuses. */
export async function witness(file: string, options: Options, output: Output): Promise<number> {
    const { memory, name, key, signingKey } = options;
    if (!key.every(isUsablePublicKey)) {
        throw new InvalidArgument("--key", "it is not an Ed25519 public key", "give 64 lowercase hex characters");
    }
    if (!/^[^\s+]+$/.test(name)) {
        throw new InvalidArgument(
            "--name",
            "names in notes must not contain spaces or a plus sign",
            "use for instance witness.example/audit",
        );
    }
    try {
        const request = parseExtension(readFileSync(file, "utf8"));
        const signer = loadSigningKey(signingKey, { project: "witness", stack: "witness" }, true);
        const seconds = Math.floor(Date.now() / 1000);
        const cosigned = await witnessCheckpoint(request, { memory, name, logKeys: key, signer, seconds });
        if (options.json) printJson(output, { valid: true, ...cosigned });
        else output.stdout.write(cosigned.note);
        return Exit.fine;
    } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        report(error, file, options, output);
        return Exit.problem;
    }
}
