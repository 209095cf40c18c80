import type { AuditLine } from "../../core/audit/record.js";
import { InvalidArgument } from "../../core/errors.js";
import { Exit, type Output } from "../output.js";
import { withIntact } from "./intact.js";
import type { PinOptions } from "./pins.js";

interface Options extends PinOptions {
    name?: string;
    action?: string;
    status?: string;
    since?: string;
    until?: string;
    correlation?: string;
    json?: boolean;
}

/** `qp-tunnel audit show`: the records that match every filter; with --json their unchanged lines. */
export function show(file: string, options: Options, output: Output): Promise<number> {
    const wanted = filterOf(options);
    return withIntact(file, options, output, async ({ records }) => {
        for (const { line, bytes } of records()) {
            if (!wanted(line)) continue;
            const more = output.stdout.write(options.json ? bytes.toString("utf8") : row(line));
            // With a reader that is slower than the disk, the whole log must not be buffered in memory.
            if (!more) await new Promise((resume) => output.stdout.once("drain", resume));
        }
        return Exit.fine;
    });
}

/** Whether a record is about a peer, a service or a relay of this name. */
function isAbout({ details }: AuditLine, name: string): boolean {
    const { peers, services } = details;
    const listed = [peers, services].flatMap((list): unknown[] => (Array.isArray(list) ? list : []));
    return (
        [details["name"], details["formerly"], details["relay"]].includes(name) ||
        listed.some((one) => one === name || (one as { name?: unknown } | null)?.name === name)
    );
}

/** @returns milliseconds since 1970 */
export function parseTime(text: string | undefined, option: string): number | undefined {
    if (text === undefined) return undefined;
    const utc = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(utc) ? Date.parse(utc) : NaN;
    // Date.parse turns 30 February into a day in March.
    const isDay = new Date(`${utc.slice(0, 10)}T00:00:00Z`).toJSON()?.slice(0, 10) === utc.slice(0, 10);
    if (!Number.isNaN(time) && isDay) return time;
    throw new InvalidArgument(option, `${text} is not a date or time`, "use 2026-04-04 (UTC) or 2026-04-04T14:00:00Z");
}

function filterOf(options: Options): (line: AuditLine) => boolean {
    const { name, status, correlation } = options;
    const actions = options.action?.split(",");
    const [since, until] = [parseTime(options.since, "--since"), parseTime(options.until, "--until")];
    if (status !== undefined && status !== "success" && status !== "failure") {
        throw new InvalidArgument("--status", `${status} is unknown`, "choose success or failure");
    }
    return (line) =>
        (name === undefined || isAbout(line, name)) &&
        (actions === undefined || actions.some((action) => fits(line.action, action))) &&
        (status === undefined || line.status === status) &&
        (since === undefined || Date.parse(line.timestamp) >= since) &&
        (until === undefined || Date.parse(line.timestamp) < until) &&
        (correlation === undefined || line.correlation_id.startsWith(correlation));
}

/** "peer_*" matches every action with that prefix. */
function fits(action: string, wanted: string): boolean {
    return wanted.endsWith("*") ? action.startsWith(wanted.slice(0, -1)) : action === wanted;
}

function row({ capsule, timestamp, user, status, action, message }: AuditLine): string {
    const mark = status === "failure" ? "FAILED" : "";
    const columns = [
        String(capsule.sequence).padStart(6),
        timestamp.slice(0, 19).replace("T", " "),
        user.padEnd(10),
        action.padEnd(18),
        mark.padEnd(6),
        message,
    ];
    return `${columns.join("  ")}\n`;
}
