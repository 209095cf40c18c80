import { join } from "node:path";

import { isGenuine, parseReceipt, receiptPads } from "../../../../providers/hosts/receipt.js";
import { SEED } from "../resources/receipts.js";
import { KEYS } from "../resources/relays.js";
import { RelayFolder } from "./shell.js";

let relay: RelayFolder;
beforeEach(() => (relay = new RelayFolder()));
afterEach(() => relay.remove());

it.each([
    ["qp-tunnel", "QP-TUNNEL"],
    ["corp-vpn2", "CORP-VPN2"],
])("a receipt of a relay called %s has its name around it, and is read back", (appName, marker) => {
    relay.write("work/script", "the script\n");
    const found = `@receipt\n machine\tm1\n publicKey\t${KEYS.dave}\n generation\t7\n@peers\n ${KEYS.alice}\t10.8.0.2/32\n@services\n notes\topen\n`;
    relay.write("work/answer.receipt", found);
    relay.write("work/answer.removals", `@removed\n peer\t${KEYS.carol}\n`);
    relay.write("work/answer.wireguard", "@removed\n");
    const file = join(relay.folder, "relay.sh");
    const printed = relay.run(`print_receipt ${file}`, {
        ...{ name: `${appName}-wg0`, interface: "wg0", owner: "shop/dev/hub", edition: "2026-01-02T03:04:05.678Z" },
        ...receiptPads(SEED),
    });
    const lines = printed.trimEnd().split("\n");
    expect([lines[1], lines.at(-1)]).toEqual([`-----BEGIN ${marker} RECEIPT-----`, `-----END ${marker} RECEIPT-----`]);
    const receipt = parseReceipt(printed, "receipt");
    expect(receipt).toMatchObject({
        ...{ owner: "shop/dev/hub", publicKey: KEYS.dave, generation: 7, removed: [KEYS.carol] },
        ...{ peers: { [KEYS.alice]: ["10.8.0.2/32"] }, services: { notes: "open" } },
    });
    expect(isGenuine(receipt, SEED)).toBe(true);
    expect(relay.read("relay.sh.receipt")).toBe(`${lines.slice(1).join("\n")}\n`);
});
