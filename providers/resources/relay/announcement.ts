export interface Announcement {
    action: string;
    /** What was done. */
    message: string;
    /** What is about to be done, for the record before it. Default: the message, where that says it. */
    begin?: string;
    details: Record<string, unknown>;
}
