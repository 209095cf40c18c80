import { type SetElements, renderElements } from "../../core/nftables/index.js";
import { RelayFolder } from "../unit/providers/relay/shell.js";

/** Text for nft that empties a table's sets and fills them, as the relay's own program says it. */
export function elementsText(table: string, elements: SetElements): string {
    const folder = new RelayFolder({ "etc/elements": renderElements(elements) });
    try {
        return folder.run('elements_nft "$etc/elements"', { table });
    } finally {
        folder.remove();
    }
}
