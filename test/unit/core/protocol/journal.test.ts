import fc from "fast-check";

import { InvalidArgument } from "../../../../core/errors.js";
import { journalSentence, parseJournalLine, renderJournalLine } from "../../../../core/protocol/journal.js";

it("reads a line: moment, action, fields", () => {
    const event = parseJournalLine("1798761600\tpeer_expire\tname=alice\tallowed_ips=10.8.0.2/32\tpublic_key=ab=");
    expect(event).toStrictEqual({
        happenedAt: "2027-01-01T00:00:00Z",
        action: "peer_expire",
        fields: { name: "alice", allowed_ips: "10.8.0.2/32", public_key: "ab=" },
    });
    expect(journalSentence(event!)).toBe(
        "Peer alice (10.8.0.2) expired and was cut off, on 2027-01-01T00:00:00Z by the relay itself",
    );
});

it("tells a key that was not in use from the peer who expired", () => {
    const event = parseJournalLine("1798761600\tpeer_expire\tname=eve\tallowed_ips=(none)\tpublic_key=ab=");
    expect(journalSentence(event!)).toBe(
        "The second key of eve, which was being replaced, expired with it and was cut off, on 2027-01-01T00:00:00Z by the relay itself",
    );
});

it.each(["", "soon\tpeer_expire", "1\t", "1\tPeer Expire", "1\tpeer_expire\tno field", "1\tpeer_expire\t__x=1"])(
    "does not read %j",
    (line) => {
        expect(parseJournalLine(line)).toBeUndefined();
    },
);

it.each(["peer_remove", "key_rotate", "constructor"])(
    "has no words for %s, which a relay never does by itself",
    (action) => {
        expect(
            journalSentence({ action, fields: { name: "mallory" }, happenedAt: "2027-01-01T00:00:00Z" }),
        ).toBeUndefined();
    },
);

it("reads back what was rendered, and refuses what would be another field", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,9}$/).filter((each) => !(each in {}));
    const value = fc.oneof(
        { weight: 9, arbitrary: fc.string() },
        { arbitrary: fc.constantFrom("a\tb=c", "a\nb"), weight: 1 },
    );
    const event = fc.record({
        happenedAt: fc
            .integer({ min: 0, max: 4_102_444_800 })
            .map((at) => `${new Date(at * 1000).toISOString().slice(0, 19)}Z`),
        action: name,
        fields: fc.dictionary(name, value, { noNullPrototype: true }),
    });
    fc.assert(
        fc.property(event, (each) => {
            let line: string;
            try {
                line = renderJournalLine(each);
            } catch (error) {
                expect(error).toBeInstanceOf(InvalidArgument);
                return;
            }
            expect(parseJournalLine(line.slice(0, -1))).toEqual(each);
        }),
    );
});
