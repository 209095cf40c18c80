import { table, text } from "./table.js";

/**
 * Files of the relay, as it answers them and as the state keeps them. A folder has no hash, and neither has a file in the state whose
 * content changes with every operation.
 *
 *     path            mode    SHA-256
 *     firewall.nft    600     9f86d0…0a08
 *     certs/          700
 */
export const files = table("files", { path: text, mode: text, hash: text });

/** A row as the state keeps it: a folder ends with its mode. */
export function keptFile(path: string, mode: string, hash?: string): string {
    return `${path}\t${mode}${hash === undefined ? "" : `\t${hash}`}\n`;
}
