import { parseBundle } from "../../../../core/protocol/bundle.js";
import { RelayFolder } from "./shell.js";

it("lists every table but the relay's own, which is listed by itself: that of its key epochs, too", () => {
    const relay = new RelayFolder({ "etc/interfaces": "wg0\t51820\t1\t-\n" });
    const nft =
        'nft() { if [[ "$1" == list ]]; then printf "table %s\\n" "inet qp" "inet qp_epochs" "ip nat"; else echo "$*"; fi; }';
    try {
        const { ruleset } = parseBundle(relay.run(`${nft}; report_surroundings`, { table: "qp" }));
        expect(ruleset).toBe("-j list table inet qp_epochs\n-j list table ip nat\n");
    } finally {
        relay.remove();
    }
});
