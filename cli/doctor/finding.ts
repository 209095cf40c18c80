/** What the doctor found of one thing. */
export interface Finding {
    /** "node", "signing key" */
    name: string;
    state: "ok" | "warn" | "problem";
    /** What is there, or what is wrong. */
    found: string;
    /** What to do. Absent when all is well. */
    fix?: string;
}

export const ok = (name: string, found: string): Finding => ({ name, state: "ok", found });
export const warn = (name: string, found: string, fix: string): Finding => ({ name, state: "warn", found, fix });
export const problem = (name: string, found: string, fix: string): Finding => ({ name, state: "problem", found, fix });
