import { parseStatus } from "../../../../providers/hosts/status.js";

const key = (name: string): string => Buffer.alloc(32, name).toString("base64");
const dump = (publicKey: string): string => `(none)\t${publicKey}\t51820\toff\n`;

it("takes the relay's word for the epoch of an interface only while that has the recorded key", () => {
    const { interfaces } = parseStatus({
        status: "time\t1764072000\ntable\t1\n",
        interfaces: `wg0\t51820\t1\t${key("one")}\nwg0-2\t51821\t2\t${key("two")}\nwg9\t51822\t3\t${key("three")}\n`,
        "dump.wg0": dump(key("one")),
        "dump.wg0-2": dump(key("another")),
        "dump.wg9": "",
    });
    expect(interfaces.map(({ name, epoch, dump: of }) => [name, epoch, of?.publicKey])).toEqual([
        ["wg0", 1, key("one")],
        ["wg0-2", undefined, key("another")],
        ["wg9", undefined, undefined],
    ]);
});

it("reads an answer that says little: never applied, no services", () => {
    expect(parseStatus({ status: "time\t1764072000\ntable\t0\n", interfaces: "wg0\n", "dump.wg0": "" })).toEqual({
        time: 1764072000,
        pending: [],
        table: false,
        interfaces: [{ name: "wg0" }],
        moving: [],
        listeners: [],
        certificates: [],
        journal: [],
    });
});

it("reads what waits, what was rolled back, and the journal; a file that is no certificate is none", () => {
    const status =
        "time\t1\ntable\t1\ngeneration\t7\nproxy\t0\npending\tnetwork peers \nrolledBack\t2026-11-25T00:00:00Z\n";
    expect(
        parseStatus({
            ...{ status, interfaces: "wg0\n", journal: "one\ntwo\n", "certificate.x.pem": "nonsense\n" },
            moving: `${key("new")}\t${key("old")}\t1764072000\n`,
        }),
    ).toMatchObject({
        moving: [{ publicKey: key("new"), former: key("old"), until: 1764072000 }],
        ...{ generation: 7, proxy: false, pending: ["network", "peers"], rolledBack: "2026-11-25T00:00:00Z" },
        ...{ journal: ["one", "two"], certificates: [] },
    });
});
