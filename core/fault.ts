/** One thing that is wrong. It is passed on as it is, up to the place where it is printed. */
export interface Fault {
    /** Property path, or whatever else it is about. */
    path: string;
    problem: string;
    fix: string;
}

/** A fault as a person reads it, everywhere. Without a path it is about the whole. */
export function faultText({ path, problem, fix }: Fault): string {
    return `${path === "" ? "" : `${path}: `}${problem}; ${fix}`;
}
