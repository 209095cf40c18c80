import { number, optional, table, text, type RowOf } from "./table.js";

const COLUMNS = {
    interface: text,
    /** UDP. */
    port: number,
    epoch: number,
    publicKey: optional(text, "-"),
};

export type InterfaceRow = RowOf<typeof COLUMNS>;

/**
 * The relay's interfaces, one for each key epoch, oldest first, in `/etc/<name>/interfaces`. The public key is `-` where the relay
 * makes its key itself. Of a relay that has recorded none yet the answer to `status` is a name alone.
 *
 *     interface    port     epoch    public key
 *     wg0          51820    1        HIgo…Q4c=
 */
export const interfaces = table("interfaces", COLUMNS);
