import { fingerprint } from "../../../../core/keys/index.js";
import {
    gone as goneTable,
    leftSentences,
    notGone,
    parseRevocation,
    type GoneKey,
} from "../../../../core/protocol/revocation.js";

const key = (name: string): string => Buffer.alloc(32, name).toString("base64");
const carol: GoneKey = { name: "carol", publicKey: key("carol"), allowedIps: ["10.8.0.4/32", "192.168.7.0/24"] };
const dave: GoneKey = { name: "dave", publicKey: key("dave"), allowedIps: ["10.8.0.5/32"] };
const gone = [carol, dave];

const clean = "read\tkeys\tinterface wg0\nread\taddresses\telements\nread\tkeys\tpeers\n";

it("tells the relay which keys and addresses have to be gone", () => {
    expect(goneTable.render(gone)).toBe(`${key("carol")}\t10.8.0.4/32,192.168.7.0/24\n${key("dave")}\t10.8.0.5/32\n`);
});

it("knows where nothing was found", () => {
    const revocation = parseRevocation(clean)!;
    expect(revocation).toEqual({
        keysAbsentFrom: ["interface wg0", "peers"],
        addressesAbsentFrom: ["elements"],
        left: [],
    });
    expect(leftSentences(revocation, gone)).toEqual([]);
    expect(notGone(revocation, gone)).toEqual(new Set());
    expect(parseRevocation(undefined)).toBeUndefined();
});

it("says what is left of whom, and where", () => {
    const text = `${clean}left\tkeys\tpeers\t${key("carol")}\nleft\taddresses\telements\t10.8.0.5\n`;
    const revocation = parseRevocation(text)!;
    expect(revocation).toMatchObject({ keysAbsentFrom: ["interface wg0"], addressesAbsentFrom: [] });
    expect(leftSentences(revocation, gone)).toEqual([
        `the key of carol (${fingerprint(key("carol"))}) was revoked and is still in peers; the next \`pulumi up\` removes it there`,
        "the address 10.8.0.5 of dave was revoked and is still in elements; the next `pulumi up` removes it there",
    ]);
    expect(notGone(revocation, gone)).toEqual(new Set([key("carol"), key("dave")]));
    expect(notGone(revocation, [{ ...dave, allowedIps: [] }])).toEqual(new Set());
});

it("trusts no removal while a rule lets connections go on", () => {
    const revocation = parseRevocation(`${clean}left\trules\tct state established accept\n`)!;
    expect(leftSentences(revocation, gone)).toEqual([
        expect.stringContaining(
            "a rule lets connections go on that nothing allows any more: ct state established accept",
        ),
    ]);
    expect(notGone(revocation, gone).size).toBe(2);
});
