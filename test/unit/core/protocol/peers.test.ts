import fc from "fast-check";

import { keptPeers, parsePeers, renderPeers, rowOf } from "../../../../core/protocol/peers.js";
import type { DesiredPeer } from "../../../../core/wireguard/index.js";

const RELAY_PUBLIC = "DCqTOyDHNgoyD0vJX4v5pgK2PKYrBCzJrQvOWpNkrEM=";
const ALICE = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
const NAS = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
const PSK = "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=";

const peers: DesiredPeer[] = [
    {
        name: "nas",
        publicKey: NAS,
        presharedKey: "",
        allowedIps: ["192.168.7.0/24", "10.8.0.3/32"],
        keepalive: 0,
    },
    { name: "alice", publicKey: ALICE, presharedKey: PSK, allowedIps: ["10.8.0.2/32", "fd00:8::2/128"], keepalive: 25 },
];

test("a table of peers has the columns and words of wg's own dump", () => {
    expect(
        renderPeers([
            ...peers,
            {
                name: "bare",
                publicKey: RELAY_PUBLIC,
                presharedKey: "",
                allowedIps: [],
                keepalive: 0,
                endpoint: "vpn.example.com:51820",
                expires: "2027-01-01T00:00:00Z",
            },
        ]),
    ).toBe(
        [
            `${ALICE}\t${PSK}\t10.8.0.2/32,fd00:8::2/128\t25\t(none)\t-\talice\n`,
            `${RELAY_PUBLIC}\t(none)\t(none)\toff\tvpn.example.com:51820\t1798761600\tbare\n`,
            `${NAS}\t(none)\t10.8.0.3/32,192.168.7.0/24\toff\t(none)\t-\tnas\n`,
        ].join(""),
    );
});

test("the order of the arguments changes nothing and is not changed", () => {
    const frozen = Object.freeze([...peers].reverse());
    expect(renderPeers(frozen)).toBe(renderPeers(peers));
    expect(peers[0]!.allowedIps).toEqual(["192.168.7.0/24", "10.8.0.3/32"]);
});

test("what was rendered is read back, sorted by name", () => {
    const key = fc.stringMatching(/^[A-Za-z0-9+/]{43}=$/);
    const cidr = fc.stringMatching(/^10\.[0-9]{1,2}\.[0-9]\.[0-9]\/(32|24)$/);
    const peer: fc.Arbitrary<DesiredPeer> = fc.record(
        {
            name: fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/),
            publicKey: key,
            presharedKey: fc.oneof(key, fc.constant("")),
            allowedIps: fc.uniqueArray(cidr, { maxLength: 4 }),
            keepalive: fc.nat(65535),
            endpoint: fc.stringMatching(/^[a-z]{1,8}\.example:[0-9]{1,5}$/),
            expires: fc
                .date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
                .map((moment) => moment.toISOString()),
        },
        { requiredKeys: ["name", "publicKey", "presharedKey", "allowedIps", "keepalive"] },
    );
    fc.assert(
        fc.property(fc.uniqueArray(peer, { selector: ({ name }) => name }), (all) => {
            const sorted = [...all].sort((a, b) => (a.name < b.name ? -1 : 1));
            expect(parsePeers(renderPeers(all))).toEqual(sorted.map(rowOf));
        }),
    );
});

test("a preshared key that would be another peer is refused", () => {
    const alice = { name: "alice", publicKey: "A", allowedIps: ["10.8.0.2/32"], keepalive: 0 };
    const presharedKey = "P\t10.8.0.2/32\toff\t(none)\t-\talice\nEVIL\tP";
    expect(() => renderPeers([{ ...alice, presharedKey }])).toThrow("column 2 of table peers");
});

test("a relay answers its record without preshared keys", () => {
    const rows = keptPeers.parse(
        `${ALICE}\t=\t10.8.0.2/32\t25\t(none)\t-\talice\n${NAS}\t-\t(none)\toff\t(none)\t-\tnas\n`,
    );
    expect(
        rows.map(({ name, presharedKey, allowedIps, keepalive }) => [name, presharedKey, allowedIps, keepalive]),
    ).toEqual([
        ["alice", true, ["10.8.0.2/32"], 25],
        ["nas", false, [], 0],
    ]);
});
