/** A record that says that something is in use. */
export interface Evidence {
    sequence: number;
    hash: string;
}

/** Keys that a relay uses and the state does not have, in words. */
export interface Loss {
    /** Confirms the loss, by its hash. */
    record: Evidence;
    /** "the keys of this relay". */
    what: string;
    isOne: boolean;
    /** Of the log: "the relay exists". */
    says: string;
    /** "a new key is". */
    made: string;
    /** What becomes of configurations. */
    stops: string[];
    /** What else has to be done. */
    asks: string[];
    /** Whether the relay still has it, or enough of it to go on. */
    isOnRelay: boolean;
}
