import { z } from "zod";

import { TunnelError, visible } from "../../core/errors.js";
import { AuditLog } from "../../providers/audit/log.js";
import { inProject } from "../../providers/audit/paths.js";
import { verifyFile } from "../../providers/audit/verifyFile.js";
import { statusOrRefusal } from "../../providers/hosts/status.js";
import { stateIn } from "../audit/state.js";
import { relaysOf, type StackRelay } from "../relays.js";
import { stored, type StackResource } from "../state.js";
import { ok, problem, warn, type Finding } from "./finding.js";

const AUDIT = z.looseObject({
    path: z.string(),
    project: z.string(),
    stack: z.string(),
    signingKey: z.string().exactOptional(),
});
type Audit = z.output<typeof AUDIT>;

/** The logs of a stack: whether each is intact and has what the state pins, and whether this machine has its key. */
export async function examineLogs(resources: StackResource[]): Promise<Finding[]> {
    const logs = new Map<string, { audit: Audit; writers: StackResource[] }>();
    for (const { inputs, urn, kind } of resources) {
        if (kind !== "AuditCheckpoint") continue;
        const audit = stored(AUDIT, inputs["audit"], "the log", urn, "the stack's state");
        logs.set(audit.path, { audit, writers: resources.filter((each) => pathOf(each) === audit.path) });
    }
    if (logs.size === 0) return [warn("log", "the state does not pin one yet", "run `pulumi up`")];
    const findings: Finding[] = [];
    for (const { audit, writers } of logs.values()) findings.push(await log(audit, writers), await signingKey(audit));
    return findings;
}

function pathOf({ inputs }: StackResource): unknown {
    return (inputs["audit"] as { path?: unknown } | undefined)?.path;
}

async function log(audit: Audit, resources: StackResource[]): Promise<Finding> {
    const path = inProject(audit.path, audit.project);
    const { checkpoints, marks } = stateIn(resources, "the stack's state");
    try {
        const { size, warnings } = await verifyFile(path, { mode: "fast", checkpoints, marks }, audit.path);
        if (warnings.length === 0)
            return ok("log", `${audit.path}: ${size} records, intact, with everything that the state pins`);
        const [{ line, problem: what }] = warnings as [(typeof warnings)[number]];
        return warn("log", `${audit.path}: line ${line}: ${what}`, "see `npx --no qp-tunnel audit verify`");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT")
            return problem(
                "log",
                `${audit.path} does not exist`,
                "fetch it from version control or its mirror (`qp-tunnel audit pull`)",
            );
        return problem("log", ...problemAndFix(error));
    }
}

async function signingKey(audit: Audit): Promise<Finding> {
    try {
        const opened = await AuditLog.open(audit, {});
        const refusal = await opened.unwritable();
        if (refusal !== undefined) return problem("signing key", ...problemAndFix(refusal));
        return ok("signing key", audit.signingKey ?? "in the user's configuration directory");
    } catch (error) {
        return problem("signing key", ...problemAndFix(error));
    }
}

/** Whether each relay answers over the connection that an update would use. */
export async function examineRelays(relays: StackRelay[], timeout: number): Promise<Finding[]> {
    return Promise.all(
        relays.map(async (relay) => {
            const name = `relay ${relay.name}`;
            if (relay.target.host.kind === "script")
                return ok(name, `${relay.known.host}: it has no remote access; it is configured by a script`);
            const status = await statusOrRefusal(relay, { timeout });
            if (status instanceof TunnelError) return problem(name, ...problemAndFix(status));
            const { host, drift, peers } = status;
            const rogues = peers.filter(({ state }) => state === "rogue").length;
            return drift.length + rogues === 0
                ? ok(name, `${host} answers`)
                : warn(name, `${host} answers, and differs from the state`, "see `npx --no qp-tunnel status`");
        }),
    );
}

export function relaysIn(resources: StackResource[]): StackRelay[] {
    return relaysOf(resources, { managed: true });
}

/** Problem and fix of an expected error; any other error is a bug and keeps its stack trace. */
export function problemAndFix(error: unknown): [found: string, fix: string] {
    if (!(error instanceof TunnelError)) throw error;
    return [visible(`${error.subject}: ${error.problem}`), visible(error.fix)];
}
