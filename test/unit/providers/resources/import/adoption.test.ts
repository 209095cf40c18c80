import { PLACE, wireInputs } from "../relays.js";
import { fingerprint } from "../../../../../core/keys/index.js";
import {
    adoptionSentences,
    adoptsValue,
    formerSentences,
    keepsForwarding,
} from "../../../../../providers/resources/import/adoption.js";
import { UNKNOWN } from "../../../../../providers/resources/resource.js";

const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
const given = {
    relay: "office",
    interface: "wg0",
    listenPort: 51820,
    host: { kind: "ssh", address: "203.0.113.7", user: "root", port: 22 },
    adopts: KEY,
    peers: { alice: { address: "10.8.0.2" }, bob: { address: "10.8.0.3" } },
};
const inputs = wireInputs({}, given);

describe("what is said of an adoption", () => {
    it("names the key that decides, and the peers unless they are very many", () => {
        expect(adoptionSentences(inputs)).toStrictEqual([
            `office: if wg0 is up and has the key ${fingerprint(KEY)}, it is adopted as it is: keys, addresses and sessions of alice (10.8.0.2) and bob (10.8.0.3) stay`,
            "office: this preview does not read wg0: before the update adopts it, it compares it with this program: if it has other peers, or if any preshared key, allowed IP, address, route, port, MTU, mark or forwarding would change, the update lists the differences and changes nothing, unless `adoptChanges` accepts them",
            "office: if wg0 has a different key, nothing is changed and the update fails; if it does not exist, it is created and listens on UDP port 51820",
        ]);
        const here = wireInputs({}, { ...given, host: { kind: "local" } });
        const looks = process.geteuid?.() === 0;
        expect(adoptionSentences(here)[1]!.startsWith("office: before the update adopts wg0, it compares")).toBe(looks);
        const many = Object.fromEntries(
            Array.from({ length: 201 }, (_, i) => [`p${i}`, { address: `10.8.0.${i + 2}` }]),
        );
        expect(adoptionSentences({ ...inputs, peers: many })[0]).toContain("sessions of 201 peers stay");
    });

    it("does without a key that the preview does not know", () => {
        expect(adoptionSentences({ ...inputs, adopts: UNKNOWN })[0]).toContain(
            "has the key that belongs to `privateKey`,",
        );
        expect(adoptsValue({ adopts: UNKNOWN })).toStrictEqual({});
        expect(adoptsValue(inputs)).toStrictEqual({ adopts: KEY });
        expect(keepsForwarding(PLACE)).toStrictEqual([]);
    });

    it("names everybody who brings the interface up as well, with what to do", () => {
        const former = [
            "unit\twg-quick@wg0",
            "saved\t/etc/wireguard/wg0.conf",
            "service\twg-quick.wg0",
            "network\t/etc/network/interfaces",
        ].join("\n");
        expect(formerSentences("wg0", { former }).map((sentence) => sentence.split(/[;:] /)[0])).toStrictEqual([
            "wg-quick@wg0 is enabled and would bring up wg0 at boot with its own file",
            "the service wg-quick.wg0 brings up wg0 at boot",
            "/etc/wireguard/wg0.conf still exists, with SaveConfig = true",
            "/etc/network/interfaces configures wg0 as well",
        ]);
        expect(formerSentences("wg0", {})).toStrictEqual([]);
    });
});
