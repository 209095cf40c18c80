/** The result of one check. */
export interface Finding {
    /** "node", "signing key" */
    name: string;
    state: "ok" | "warn" | "problem";
    /** What is present, or the problem. */
    found: string;
    /** The fix. Absent if there is no problem. */
    fix?: string;
}

export const ok = (name: string, found: string): Finding => ({ name, state: "ok", found });
export const warn = (name: string, found: string, fix: string): Finding => ({ name, state: "warn", found, fix });
export const problem = (name: string, found: string, fix: string): Finding => ({ name, state: "problem", found, fix });
