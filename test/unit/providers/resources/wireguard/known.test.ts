import fc from "fast-check";

import type { Fault } from "../../../../../core/fault.js";
import { UNKNOWN, type Context } from "../../../../../providers/resources/resource.js";
import { wireguard } from "../../../../../providers/resources/wireguard/wireguard.js";
import { KEYS, peer, wireInputs } from "../relays.js";

const alice = { alice: peer("10.8.0.2", { publicKey: KEYS.alice }) };
const PSK = "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=";

async function failures(more: object): Promise<Fault[]> {
    return (await wireguard.check(wireInputs(alice, { ...more }), undefined, {} as Context)).failures;
}

describe("a preshared key that comes as an Output or a secret", () => {
    it.each([
        ["a key", PSK],
        ["none", "none"],
        ["not known yet", UNKNOWN],
    ])("passes when it is %s", async (_, key) => {
        expect(await failures({ presharedKeys: { alice: key } })).toEqual([]);
    });

    it("is refused in the check when it is not one, without being shown", async () => {
        await fc.assert(
            fc.asyncProperty(fc.string({ minLength: 6 }), async (key) => {
                fc.pre(Buffer.from(key, "base64").toString("base64") !== key);
                const [failure, ...others] = await failures({ presharedKeys: { alice: key } });
                expect(others).toEqual([]);
                expect(failure?.path).toBe("peers.alice.presharedKey");
                expect(failure?.problem).toMatch(/^is not a WireGuard preshared key: /);
                expect(failure?.fix).toBe("give the output of `wg genpsk`");
                expect(failure?.problem).not.toContain(key);
            }),
        );
    });

    it("is refused when it carries another peer behind it", async () => {
        const key = `${PSK}\t10.8.0.2/32\toff\t(none)\t-\talice\n${KEYS.bob}\t(none)`;
        expect(await failures({ presharedKeys: { alice: key } })).toEqual([
            {
                path: "peers.alice.presharedKey",
                problem: "is not a WireGuard preshared key: it is not base64",
                fix: "give the output of `wg genpsk`",
            },
        ]);
    });
});

describe("other values that are known late", () => {
    it("a private key is refused, not shown", async () => {
        const [failure] = await failures({ privateKeys: { 1: "hunter2 hunter2" } });
        expect(failure?.path).toBe("privateKeys.1");
        expect(JSON.stringify(failure)).not.toContain("hunter2");
    });

    it("an endpoint with a line break is refused", async () => {
        const leaf = {
            name: "nas",
            keyEpoch: 1,
            admitted: 1,
            keepalive: 25,
            endpoint: "vpn.example.com:1\nPostUp = x",
        };
        const [failure] = await failures({ leaf });
        expect(failure?.path).toBe("endpoint");
    });

    it("a value that is no string is refused", async () => {
        expect(await failures({ presharedKeys: { alice: 7 } })).toEqual([
            { path: "peers.alice.presharedKey", problem: "is not a string", fix: "give a string" },
        ]);
    });
});
