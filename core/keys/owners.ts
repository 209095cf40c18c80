import type { Fault } from "../fault.js";

/** Who has which public key; no two have the same. */
export class KeyOwners {
    private readonly owners = new Map<string, string>();

    /**
     * Notes whose key it is, unless it has an owner already.
     *
     * @param owner as a sentence names it
     * @returns what is wrong where another has it
     */
    claim(key: string, owner: string, path: string): Fault | undefined {
        const other = this.owners.get(key);
        if (other !== undefined)
            return { path, problem: `is also the key of ${other}`, fix: "give each peer its own key" };
        this.owners.set(key, owner);
        return undefined;
    }
}
