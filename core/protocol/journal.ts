import { rfc3339Of } from "../time.js";
import { tableLine } from "./table.js";

/** What a relay did by itself between updates, from one line of its journal. */
interface JournalEvent {
    /** RFC 3339, UTC, by the relay's clock. */
    happenedAt: string;
    action: string;
    /** What it was done to, by name: `name`, `public_key`, `tunnel_ip`, … */
    fields: Record<string, string>;
}

/**
 * What a relay did by itself, in `/etc/<name>/journal`: Unix time, action, and as many fields as it takes.
 *
 *     1767225600    key_moved    name=laptop    old_public_key=HIgo…Q4c=    public_key=7UQw…FAw=
 */
export function renderJournalLine({ happenedAt, action, fields }: JournalEvent): string {
    const pairs = Object.entries(fields).map(([key, value]) => `${key}=${value}`);
    return tableLine("journal", [Math.floor(Date.parse(happenedAt) / 1000), action, ...pairs]);
}

/** undefined for what the relay's programs do not write. */
export function parseJournalLine(line: string): JournalEvent | undefined {
    const [time = "", action = "", ...fields] = line.split("\t");
    if (!/^[0-9]{1,12}$/.test(time) || !/^[a-z][a-z0-9_]*$/.test(action)) return undefined;
    const pairs = fields.map((field) => /^([a-z][a-z0-9_]*)=(.*)$/.exec(field));
    if (pairs.includes(null)) return undefined;
    return {
        happenedAt: rfc3339Of(Number(time)),
        action,
        fields: Object.fromEntries(pairs.map((pair) => [pair![1]!, pair![2]!])),
    };
}

/** One sentence about what happened; undefined for an action that is none of a relay's own. */
export function journalSentence({ action, fields, happenedAt }: JournalEvent): string | undefined {
    const words = Object.hasOwn(SENTENCES, action) ? SENTENCES[action]!(fields) : undefined;
    return words === undefined ? undefined : `${words}, on ${happenedAt} by the relay itself`;
}

/** What a relay may do by itself: under these names, and no others, it is in the log. */
const SENTENCES: Record<string, (fields: Record<string, string>) => string> = {
    peer_expire: ({ name, allowed_ips = "" }) =>
        // While a key is replaced, the one that is not in use has no addresses.
        allowed_ips === "(none)"
            ? `The second key of ${name}, which was being replaced, expired with it and was cut off`
            : `Peer ${name} (${allowed_ips.replace(/\/(32|128)\b/g, "").replaceAll(",", ", ")}) expired and was cut off`,
    right_end: ({ name, rule = "", ticket, reason }) => {
        const why = [ticket === undefined ? "" : `ticket ${ticket}`, reason ?? ""].filter((word) => word !== "");
        return `The access of ${name} to ${rule.replace(/^.* -> /, "")} ended${why.length === 0 ? "" : ` (${why.join(": ")})`}`;
    },
    key_moved: ({ name }) => `The new key of ${name} was used for the first time, and the old one is gone`,
    key_overlap_ended: ({ name }) =>
        `The time in which the old key of ${name} worked beside the new one is over, and the old one is gone`,
    endpoint_resolve: ({ name, endpoint }) =>
        `The relay was not heard any more, and ${name} resolves to another address: the endpoint is ${endpoint} now`,
    certificate_renew: ({ name }) => `The certificate of ${name} was renewed`,
    guard_restore: ({ table, difference }) =>
        `The table inet ${table} was changed (${difference}) and was loaded again`,
    guard_close: ({ reason }) => `The interface was set down: ${reason}`,
    guard_raise: ({ name }) => `Interface ${name} was set up again, with its table`,
    process_restart: ({ name }) => `${name} had ended and was started again`,
};
