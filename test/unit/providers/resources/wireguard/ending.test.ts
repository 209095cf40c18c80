import { interfaceEnding } from "../../../../../providers/resources/wireguard/ending.js";
import { KEYS, peer, wireInputs } from "../relays.js";

const alice = peer("10.8.0.2", { publicKey: KEYS.alice });

describe("the end of an interface", () => {
    const inputs = wireInputs({ alice });
    const epochs = { 2: { interface: "wg0b", port: 51821, publicKey: KEYS.bob } };

    it("names the one in use, and says what the kernel said afterwards", () => {
        expect(interfaceEnding(inputs, { epochs })[0]).toMatchObject({ begin: "Remove interface wg0b of relay hub" });
        expect(interfaceEnding(inputs, { epochs }, { devices: "wg0b\tabsent\n" })).toEqual([
            {
                action: "interface_remove",
                message: "Removed interface wg0b of relay hub; 1 peer cut off",
                begin: "Remove interface wg0b of relay hub",
                details: { relay: "hub", interface: "wg0b", interfaces: ["wg0b"], peers: 1, read_back: "absent" },
            },
        ]);
    });

    it("names both during a rotation", () => {
        const devices = "wg0\tabsent\nwg0b\tabsent\n";
        expect(interfaceEnding(inputs, {}, { devices })[0]).toMatchObject({
            message: "Removed interfaces wg0 and wg0b of relay hub; 1 peer cut off",
            details: { interfaces: ["wg0", "wg0b"] },
        });
    });

    it("says which one is still there", () => {
        const [record] = interfaceEnding(inputs, {}, { devices: "wg0\tpresent\n" });
        expect(record?.details).toMatchObject({ read_back: "present", still_there: ["wg0"] });
    });
});
