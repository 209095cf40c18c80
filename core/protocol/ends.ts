import { number, optional, table, text, variants } from "./table.js";

/**
 * When access ends, in `/etc/<name>/ends`: elements of sets, which the kernel forgets then, and what these elements allow, for the journal.
 *
 *     element    1767225600    acl4_until 10.8.0.2 . 10.8.0.4 . tcp . 22    -
 *     element    253402300799    acl4_until 10.8.0.2 . 10.8.0.4 . tcp . 80    mon,fri 08:00-18:00 Europe/Zurich
 *     window     mon,fri 08:00-18:00 Europe/Zurich    1767337200    1767373200
 *     right      1767225600    alice    10.8.0.2 -> 10.8.0.4 tcp/22    OPS-7    night shift
 */
export const ends = variants("ends", {
    element: {
        /** Unix seconds. */
        until: number,
        /** "SET ELEMENT" */
        element: text,
        /** The window in which it is there. */
        window: optional(text, "-"),
    },
    /** When a window is open. */
    window: { window: text, start: number, end: number },
    right: {
        until: number,
        /** Who has it. */
        name: text,
        /** The access rule. */
        rule: text,
        /** Empty: none. */
        ticket: text,
        reason: text,
    },
});

/**
 * Elements whose time has come by the relay's clock, in `/etc/<name>/ended` and as the relay answers it. There it is 0 for what is still in
 * the relay's record, and in no set: it waits for its removal, or its window is closed.
 *
 *     1767225600    acl4_until 10.8.0.2 . 10.8.0.4 . tcp . 22
 */
export const ended = table("ended", {
    until: number,
    element: text,
});
