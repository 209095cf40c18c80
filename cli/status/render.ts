import { REPAIR } from "../../core/repair.js";
import type { PeerStatus, RelayStatus, ServiceStatus } from "../../core/status/index.js";
import { table, type Column } from "../table.js";

/**
 * The table of a relay.
 *
 * @param width of the terminal; undefined if the output is not a terminal
 */
export function statusText(status: RelayStatus, width?: number): string {
    const { relay, host, reachable, problem, peers, services } = status;
    const parts = [reachable ? `${relay}  ${host}, ${interfacesOf(status)}\n` : `${relay}  ${host}: not reachable\n`];
    if (peers.length > 0) {
        // The column is left out if no peer expires.
        const columns = PEER_COLUMNS.slice(0, peers.some(({ expires }) => expires !== undefined) ? undefined : -1);
        parts.push(table(columns, peers.map(peerRow), width));
    }
    if (services.length > 0) parts.push(table(SERVICE_COLUMNS, services.map(serviceRow), width));
    const notes = [...status.notes, ...status.journal.slice(-MOST_EVENTS)].map((note) => `note: ${note}`);
    const conflicts = (status.conflicts ?? []).map((conflict) => `in the way: ${conflict}`);
    const tail = reachable ? [...driftOf(status), ...conflicts, ...notes] : [`problem: ${problem}`];
    parts.push(indent(tail.map((line) => `${line}\n`).join("")));
    return parts.join("\n");
}

/** How many of a relay's own actions are shown. */
const MOST_EVENTS = 10;

const PEER_COLUMNS: Column[] = [
    { heading: "PEER" },
    { heading: "ADDRESS" },
    { heading: "STATE" },
    { heading: "HANDSHAKE", right: true },
    { heading: "ENDPOINT", below: 1 },
    { heading: "RECEIVED", right: true },
    { heading: "SENT", right: true },
    { heading: "EPOCH", right: true },
    { heading: "EXPIRES", below: 2 },
];

const SERVICE_COLUMNS: Column[] = [
    { heading: "SERVICE" },
    { heading: "URL" },
    { heading: "RUNNING" },
    { heading: "CERTIFICATE", right: true },
    { heading: "GROUP", below: 1 },
];

function peerRow(peer: PeerStatus): string[] {
    const { name, fingerprint, addresses, state, age, endpoint, received, sent, epoch, expires } = peer;
    const silent = state === "revoked" || state === "missing" || state === "expired" || state === "unknown";
    return [
        name ?? fingerprint,
        addresses.join(" "),
        state,
        silent ? "" : age === null ? "never" : `${duration(age)} ago`,
        endpoint ?? "",
        silent ? "" : bytes(received),
        silent ? "" : bytes(sent),
        epoch === null ? "" : String(epoch),
        expires === undefined ? "" : expires.replace("T", " ").replace(/:\d\d(\.\d+)?Z$/, "Z"),
    ];
}

function serviceRow({ name, url, running, certificate, group, probed, problem }: ServiceStatus): string[] {
    const negotiated = problem === undefined ? (group ?? "unknown") : `failed: ${problem}`;
    return [
        name,
        url,
        running === null ? "unknown" : running ? "yes" : "no",
        certificate === null ? (running === null ? "unknown" : "none") : days(certificate.daysLeft),
        probed || group === null ? negotiated : `${negotiated} (at the last apply)`,
    ];
}

function interfacesOf({ interfaces, peers }: RelayStatus): string {
    const connected = peers.filter(({ state }) => state === "connected").length;
    const listed = peers.filter(({ state }) => state !== "revoked" && state !== "rogue").length;
    const named = interfaces.map(
        ({ name, epoch, up, listenPort }) =>
            `${name} ${up ? `on port ${listenPort}` : "down"}${epoch === null ? "" : ` (epoch ${epoch})`}`,
    );
    return `${named.join(", ")}, ${connected} of ${listed} peers connected`;
}

/** All differences, in one line. */
function driftOf({ drift, peers }: RelayStatus): string[] {
    const rogues = peers.filter(({ state }) => state === "rogue").length;
    const all = [
        ...(rogues === 0
            ? []
            : [`${rogues} unknown ${rogues === 1 ? "peer" : "peers"} on the interface; ${REPAIR} removes them`]),
        ...drift,
    ];
    return all.length === 0 ? ["drift: none"] : all.map((sentence) => `drift: ${sentence}`);
}

/** "12 s", "3 min", "5 h", "2 days": the largest unit, rounded down. */
export function duration(seconds: number): string {
    if (seconds < 120) return `${seconds} s`;
    if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 2 * 86400) return `${Math.floor(seconds / 3600)} h`;
    return days(Math.floor(seconds / 86400));
}

/** With binary units and three digits, as wg(8) prints it. */
export function bytes(count: number): string {
    const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let value = count;
    let unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
        value /= 1024;
        unit += 1;
    }
    return `${unit === 0 || value >= 100 ? Math.floor(value) : value.toFixed(value >= 10 ? 1 : 2)} ${units[unit]}`;
}

function days(count: number): string {
    if (count < 0) return "ended";
    return count === 1 ? "1 day" : `${count} days`;
}

function indent(text: string): string {
    return text.replace(/^(?=.)/gm, "  ");
}
