import fc from "fast-check";

import { fingerprint } from "../../../../core/keys/index.js";
import { peerLine, registeredLine, retiredLine } from "../../../../core/packed/peerLine.js";

const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("base64"));
const address = fc.ipV4();
const address6 = fc.ipV6();
const network = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
);
const routes = fc.array(
    network.map(([ip, prefix]) => `${ip}/${prefix}`),
    { minLength: 1, maxLength: 4 },
);
const count = fc.integer({ min: 1, max: 1000 });
const time = fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
const name = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/);

/** Every legal peer: as a program lists it, and as a registry has it. */
const listed = fc.record({ address }, { requiredKeys: [] }).chain((at) =>
    fc
        .record(
            {
                publicKey: key,
                routes,
                keyEpoch: count,
                admitted: count,
                expires: time,
                reinstate: fc.constant(true as const),
            },
            { requiredKeys: [] },
        )
        .map((peer) => ({ ...at, ...peer })),
);
const both = fc.record({ address, address6 }).chain((at) => listed.map((peer) => ({ ...peer, ...at })));
const retired = fc.record(
    { address: fc.oneof(address, fc.constant("")), publicKey: key, keyEpoch: count, admitted: count, expires: time },
    { requiredKeys: ["address"] },
);
const registered = fc
    .record(
        {
            address,
            address6,
            publicKey: key,
            status: fc.constantFrom("active" as const, "revoked" as const),
            since: time,
            revokedAt: time,
            admitted: count,
            formerly: name,
            replaces: key,
            by: fc.string({ minLength: 1 }),
        },
        { requiredKeys: ["address", "publicKey", "status", "since"] },
    )
    .map((peer) => ({ ...peer, fingerprint: fingerprint(peer.publicKey) }));

it.each([
    ["a peer", peerLine, fc.oneof(listed, both)],
    ["a retired peer", retiredLine, retired],
    ["a peer of a relay", registeredLine, registered],
])("%s is read as it was written", (_what, { write, read }, entries) => {
    fc.assert(
        fc.property(entries as fc.Arbitrary<object>, (entry) => {
            const line = write(entry);
            expect(line).toBeDefined();
            expect(read(line!, () => "peers.alice")).toEqual(entry);
        }),
    );
});

it("a line says what a reviewer looks for, in this order", () => {
    const routed = {
        address: "10.8.0.14",
        address6: "fd12::e",
        publicKey: KEY,
        routes: ["192.168.7.0/24", "fd13::/64"],
    };
    expect(peerLine.write(routed)).toBe(`10.8.0.14,fd12::e ${KEY} routes 192.168.7.0/24,fd13::/64`);
    const expires = "2027-01-01T00:00:00Z";
    expect(peerLine.write({ address: "10.8.0.15", keyEpoch: 2, admitted: 3, expires })).toBe(
        `10.8.0.15 - epoch 2 admitted 3 expires ${expires}`,
    );
    expect(peerLine.write({ reinstate: true })).toBe("- - reinstate");
    const [since, revokedAt] = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"];
    const gone = { address: "10.8.0.14", publicKey: KEY, fingerprint: fingerprint(KEY), status: "revoked", since };
    expect(registeredLine.write({ ...gone, revokedAt, by: "kim on her laptop" })).toBe(
        `10.8.0.14 ${KEY} revoked since ${since} until ${revokedAt} by kim on her laptop`,
    );
});

it("a peer whose fingerprint is not its key's travels as it is", () => {
    const peer = {
        address: "10.8.0.14",
        publicKey: KEY,
        fingerprint: "SHA256:another",
        status: "active",
        since: "now",
    };
    expect(registeredLine.write(peer)).toBeUndefined();
});
