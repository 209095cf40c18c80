import { MAX_LINE_BYTES } from "../../core/audit/seal.js";
import { AuditError, InvalidArgument } from "../../core/errors.js";
import { describeHost } from "../../providers/hosts/descriptors.js";
import type { Target } from "../../providers/hosts/host.js";
import { relayMirror } from "../../providers/hosts/mirror.js";
import { fileMirror, pullFromMirror, type MirrorTransport } from "../../providers/audit/mirror.js";
import { Exit, type Output, printJson } from "../output.js";
import { genesisOf, report } from "./intact.js";
import { type PinOptions, readPins } from "./pins.js";
import { readState, type StackState } from "./state.js";

interface Options extends PinOptions {
    /** A file. */
    from?: string;
    /** A relay of --state; true where it has only one. */
    fromRelay?: string | true;
    json?: boolean;
}

/** `qp-tunnel audit pull`: restores a log here from its mirror. */
export async function pull(file: string, options: Options, output: Output): Promise<number> {
    try {
        const { mirror, from } = source(options);
        const { checkpoints, marks, expect } = readPins(
            options,
            from,
            genesisOf(await mirror.read(0, MAX_LINE_BYTES), from),
        );
        const { verdict, added } = await pullFromMirror(file, file, mirror, { checkpoints, marks, expect });
        const { size, head, log } = verdict;
        if (options.json) printJson(output, { valid: true, file, added, size, head, log });
        else output.stdout.write(`${file}: ${added} bytes restored; ${size} records, head ${head.slice(0, 16)}\n`);
        return Exit.fine;
    } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        report(error, file, options, output);
        return Exit.problem;
    }
}

function source({ from, fromRelay, state }: Options): { mirror: MirrorTransport; from: string } {
    if (from !== undefined && fromRelay === undefined) return { mirror: fileMirror(from), from };
    if (fromRelay === undefined || from !== undefined) {
        throw new InvalidArgument(
            "audit pull",
            "needs one mirror to restore from",
            "give --from FILE, or --from-relay with --state FILE",
        );
    }
    if (state === undefined) {
        throw new InvalidArgument(
            "--from-relay",
            "it needs the state to find the relay",
            "add --state FILE, the output of `pulumi stack export --file`",
        );
    }
    const target = chosenRelay(readState(state), fromRelay === true ? undefined : fromRelay);
    return { mirror: relayMirror(target), from: `the mirror on ${describeHost(target.host)}` };
}

/** @param name needed only when the stack has several relays */
function chosenRelay({ places }: StackState, name: string | undefined): Target {
    const known = places();
    const [chosen, ...others] = known.filter((place) => name === undefined || place.name === name);
    const names = known.map((place) => place.name).join(", ") || "none";
    if (chosen === undefined)
        throw new InvalidArgument(
            "--from-relay",
            `the state has no such relay; its relays are ${names}`,
            "choose one of them",
        );
    if (others.length > 0)
        throw new InvalidArgument("--from-relay", `the state has several relays: ${names}`, "choose one of them");
    return chosen.target;
}
