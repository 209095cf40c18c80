import { type Claimed, type Difference, reconcile as compare } from "../../core/audit/reconcile.js";
import { Replay } from "../../core/audit/replay.js";
import { InvalidArgument } from "../../core/errors.js";
import { askStatus } from "../../providers/hosts/status.js";
import { Exit, type Output, printJson } from "../output.js";
import { withIntact } from "./intact.js";
import type { PinOptions } from "./pins.js";
import { readState, type StackState } from "./state.js";

interface Options extends PinOptions {
    live?: boolean;
    json?: boolean;
}

/**
 * `qp-tunnel audit reconcile`: whether the peers and services that the log leaves are those of the state and, with --live,
 * those on the wire.
 */
export async function reconcile(file: string, options: Options, output: Output): Promise<number> {
    if (options.state === undefined) {
        throw new InvalidArgument(
            "--state",
            "there is nothing to compare the log with",
            "export the stack: pulumi stack export --file state.json",
        );
    }
    const state = readState(options.state);
    const replay = new Replay();
    return withIntact(
        file,
        options,
        output,
        async ({ verdict }) => {
            const live = options.live ? await onTheWire(state) : undefined;
            const differences = [
                ...compare("the state", replay.relays, state.relays),
                ...(live === undefined ? [] : compare("the wire", replay.relays, live)),
            ];
            const relays = Object.values(replay.relays);
            const counted = {
                records: verdict.size,
                peers: relays.reduce((sum, { peers }) => sum + Object.keys(peers).length, 0),
                services: relays.reduce((sum, { services }) => sum + Object.keys(services).length, 0),
            };
            if (options.json) printJson(output, { valid: differences.length === 0, file, ...counted, differences });
            else output.stdout.write(inWords(counted, differences, options));
            return differences.length === 0 ? Exit.fine : Exit.problem;
        },
        { tail: "ignore", onRecord: ({ line }) => replay.apply(line, line.capsule.sequence) },
    );
}

/** Seconds a relay has for its answer. */
const TIMEOUT = 30;

/** The keys on each relay's interfaces; a former key that still works beside the recorded one is no other peer's. */
async function onTheWire({ places }: StackState): Promise<Record<string, Claimed>> {
    const claims: Record<string, Claimed> = {};
    for (const { name, target } of places()) {
        const { interfaces: devices, moving } = await askStatus(target, TIMEOUT);
        const found = devices.flatMap(({ dump }) => dump?.peers ?? []).map(({ publicKey }) => publicKey);
        const former = new Set(moving.map((pair) => pair.former));
        claims[name] = { keys: [...new Set(found)].filter((key) => !former.has(key)) };
    }
    return claims;
}

function inWords(
    { records, peers, services }: { records: number; peers: number; services: number },
    differences: Difference[],
    { live }: Options,
): string {
    const agreed = differences.length === 0;
    const verdict = live
        ? `the state and the wire ${agreed ? "agree" : "differ"}`
        : `the state ${agreed ? "agrees" : "differs"}`;
    const head = `${records} records leave ${peers} peers and ${services} services; ${verdict}\n`;
    const rows = differences.map(({ relay, kind, name, problem }) => `${relay}: ${kind} ${name}: ${problem}\n`);
    return head + rows.join("");
}
