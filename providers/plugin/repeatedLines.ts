/**
 * What has been said in one run of the engine. Several resources find the same things (the log is behind, a rule on the machine is
 * in the way): the first that finds it reports it, and it is not repeated.
 */
export class RepeatedLines {
    private readonly topics = new Set<string>();

    /**
     * Whether a line is to be said now; from then on it has been.
     *
     * @param topic what it is about, where it is said in different words (other line numbers); default: the line itself
     */
    isNew(severity: string, line: string, topic = line): boolean {
        const key = `${severity} ${topic}`;
        if (this.topics.has(key)) return false;
        this.topics.add(key);
        return true;
    }

    /** One process may serve a preview and then an update. */
    forget(): void {
        this.topics.clear();
    }
}
