/** Hours of the week. */
export interface AccessWindow {
    days: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
    /** "08:00", by the clocks of the time zone. */
    from: string;
    /** "18:00", or "24:00"; if it is not after `from`: on the next day. */
    to: string;
    /** A name of the IANA database: "Europe/Zurich", "UTC". */
    zone: string;
}

/** Until when something is allowed, and why. */
export interface AccessTerms {
    /** RFC 3339. The relay itself ends it then, running connections too, without an update. Default: it does not end. */
    until?: string;
    /** Hours of the week in which it is allowed; outside of them it ends as with `until`. Default: all. */
    window?: AccessWindow;
    /** Why it is allowed, one line: in records, in `qp-tunnel access` and in reviews. Default: none. */
    reason?: string;
    /** Where it was asked for and approved, for instance `OPS-1234`: in the same places. Default: none. */
    ticket?: string;
}
