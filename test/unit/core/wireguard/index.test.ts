import { HostError } from "../../../../core/errors.js";
import { fromAllowedIps, parseDump } from "../../../../core/wireguard/index.js";

const RELAY_PRIVATE = "mD9sZG0ifLXNvWUuqTyeS4GR1ZmXWGHZfVn4uK4kS3s=";
const RELAY_PUBLIC = "DCqTOyDHNgoyD0vJX4v5pgK2PKYrBCzJrQvOWpNkrEM=";
const ALICE = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
const NAS = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
const PSK = "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=";
const ZERO = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

describe("parseDump", () => {
    test("reads an interface and its peers", () => {
        const text = [
            `${RELAY_PRIVATE}\t${RELAY_PUBLIC}\t51820\t0xca6c`,
            `${ALICE}\t${PSK}\t198.51.100.7:41922\tfd00:8::2/128,10.8.0.2/32\t1764000000\t18446\t92\t25`,
            `${NAS}\t(none)\t(none)\t(none)\t0\t0\t0\toff`,
            "",
        ].join("\n");

        expect(parseDump(text)).toEqual({
            privateKey: RELAY_PRIVATE,
            publicKey: RELAY_PUBLIC,
            listenPort: 51820,
            fwmark: 0xca6c,
            peers: [
                {
                    publicKey: ALICE,
                    presharedKey: PSK,
                    endpoint: "198.51.100.7:41922",
                    allowedIps: ["10.8.0.2/32", "fd00:8::2/128"],
                    latestHandshake: 1764000000,
                    received: 18446,
                    sent: 92,
                    keepalive: 25,
                },
                {
                    publicKey: NAS,
                    presharedKey: "",
                    endpoint: "",
                    allowedIps: [],
                    latestHandshake: 0,
                    received: 0,
                    sent: 0,
                    keepalive: 0,
                },
            ],
        });
    });

    test("reads an interface without a key, which wg says with (none)", () => {
        expect(parseDump("(none)\t(none)\t0\toff\n")).toEqual({ publicKey: "", listenPort: 0, fwmark: 0, peers: [] });
    });

    test("takes a zero preshared key for none", () => {
        const text = `(none)\t(none)\t0\toff\n${NAS}\t${ZERO}\t(none)\t(none)\t0\t0\t0\toff\n`;
        expect(parseDump(text).peers[0]!.presharedKey).toBe("");
    });

    const HEAD = `${RELAY_PRIVATE}\t${RELAY_PUBLIC}\t51820\toff`;
    const FIX = "check that wireguard-tools on the relay is 1.0.20210914 or newer";
    test.each([
        ["", "line 1: is missing"],
        ["Unable to access interface: No such device", "line 1: has 1 fields, not 4"],
        [`x\t${RELAY_PUBLIC}\t1\toff`, "line 1: has a private key that is not 32 bytes of base64"],
        [`${RELAY_PRIVATE}\t${RELAY_PUBLIC}\t65536\toff`, "line 1: has a listen port that is not a number up to 65535"],
        [`${RELAY_PRIVATE}\t${RELAY_PUBLIC}\t1\t51820`, "line 1: has a mark that is neither off nor hexadecimal"],
        [`${HEAD}\n${ALICE}\t${PSK}`, "line 2: has 2 fields, not 8"],
        [`${HEAD}\n\n`, "line 2: has 1 fields, not 8"],
        [`${HEAD}\n(none)\t${PSK}\t(none)\t(none)\t0\t0\t0\toff`, "line 2: has no public key"],
        [
            `${HEAD}\n${ALICE}\tsecret\t(none)\t(none)\t0\t0\t0\toff`,
            "line 2: has a preshared key that is not 32 bytes of base64",
        ],
        [
            `${HEAD}\n${ALICE}\t${PSK}\t(none)\t(none)\t-1\t0\t0\toff`,
            `line 2: has a handshake time that is not a number up to ${Number.MAX_SAFE_INTEGER}`,
        ],
        [
            `${HEAD}\n${ALICE}\t${PSK}\t(none)\t(none)\t0\t0\t0\ton`,
            "line 2: has a keepalive that is not a number up to 65535",
        ],
    ])("refuses %j by line and without its text", (text, problem) => {
        expect(() => parseDump(text)).toThrow(
            new HostError(`wg show dump, ${problem.split(": ")[0]}`, problem.split(": ")[1]!, FIX),
        );
    });
});

describe("fromAllowedIps", () => {
    const peer = { address: "10.8.0.3", routes: ["192.168.7.0/24", "10.1.0.0/16"], keyEpoch: 1, admitted: 1 };

    test("own address and routes", () => {
        expect(fromAllowedIps(peer)).toEqual(["10.1.0.0/16", "10.8.0.3/32", "192.168.7.0/24"]);
    });

    test("both families", () => {
        expect(fromAllowedIps({ ...peer, address6: "fd00:8::3", routes: [] })).toEqual([
            "10.8.0.3/32",
            "fd00:8::3/128",
        ]);
    });
});
