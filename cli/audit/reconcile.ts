import { type Claimed, type Difference, reconcile as compare } from "../../core/audit/reconcile.js";
import { Replay } from "../../core/audit/replay.js";
import type { Drift } from "../../core/drift.js";
import { InvalidArgument } from "../../core/errors.js";
import { askStatus, parseStatus, sentencesOf } from "../../providers/hosts/status.js";
import { Exit, type Output, printJson } from "../output.js";
import { withIntact } from "./intact.js";
import type { PinOptions } from "./pins.js";
import { readState, type StackState } from "./state.js";

interface Options extends PinOptions {
    live?: boolean;
    json?: boolean;
}

/**
 * `qp-tunnel audit reconcile`: compares the peers and services that result from the log with those of the state and, with --live,
 * with the peers on the interfaces.
 */
export async function reconcile(file: string, options: Options, output: Output): Promise<number> {
    if (options.state === undefined) {
        throw new InvalidArgument(
            "--state",
            "there is no state to compare the log with",
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
            const onWire = live === undefined ? [] : compare("the interface", replay.relays, live.claims);
            const differences = [
                ...compare("the state", replay.relays, state.relays),
                ...onWire,
                ...(live?.drifts ?? []).flatMap(({ relay, drift }) => otherDrift(relay, drift, onWire)),
            ];
            const relays = Object.values(replay.relays);
            const counted = {
                records: verdict.size,
                peers: relays.reduce((sum, { peers }) => sum + Object.keys(peers).length, 0),
                services: relays.reduce((sum, { services }) => sum + Object.keys(services).length, 0),
            };
            if (options.json) printJson(output, { valid: differences.length === 0, file, ...counted, differences });
            else output.stdout.write(reportText(counted, differences, options));
            return differences.length === 0 ? Exit.fine : Exit.problem;
        },
        { tail: "ignore", onRecord: ({ line }) => replay.apply(line, line.capsule.sequence) },
    );
}

/** Time limit in seconds for a relay's answer. */
const TIMEOUT = 30;

/** Differences from the state, without the peers that the comparison with the log already reports. */
function otherDrift(relay: string, drift: Drift[], named: Difference[]): Difference[] {
    const peers = new Set(named.flatMap((each) => (each.relay === relay && each.kind === "peer" ? [each.name] : [])));
    const others = drift.filter((each) => each.kind !== "peer" || !peers.has(each.name));
    return sentencesOf(others).map((problem) => ({ relay, kind: "relay", name: relay, problem }));
}

/** Each relay's differences from the state, the keys on its interfaces, and which of them are former keys that still work. */
async function onTheWire({ places, relays }: StackState): Promise<{
    claims: Record<string, Claimed>;
    drifts: { relay: string; drift: Drift[] }[];
}> {
    const claims: Record<string, Claimed> = {};
    const drifts: { relay: string; drift: Drift[] }[] = [];
    for (const { name, target, drift } of places()) {
        const answer = await askStatus(target, TIMEOUT);
        const { interfaces: devices, moving } = parseStatus(answer);
        const found = devices.flatMap(({ dump }) => dump?.peers ?? []).map(({ publicKey }) => publicKey);
        const { formers = {} } = relays[name] ?? {};
        claims[name] = { keys: [...new Set(found)], replaced: moving, formers };
        drifts.push({ relay: name, drift: drift(answer) });
    }
    return { claims, drifts };
}

function reportText(
    { records, peers, services }: { records: number; peers: number; services: number },
    differences: Difference[],
    { live }: Options,
): string {
    const agreed = differences.length === 0;
    const verdict = live
        ? `the state and the interface ${agreed ? "agree" : "differ"}`
        : `the state ${agreed ? "agrees" : "differs"}`;
    const head = `${records} records result in ${peers} peers and ${services} services; ${verdict}\n`;
    const rows = differences.map(({ relay, kind, name, problem }) => `${relay}: ${kind} ${name}: ${problem}\n`);
    return head + rows.join("");
}
