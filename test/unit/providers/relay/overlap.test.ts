import { RelayFolder } from "./shell.js";

const LATER = 4_000_000_000;
const record = (key: string, ips: string, name = "bob"): string =>
    `${key}=\tpsk-${key}\t${ips}\toff\t(none)\t-\t${name}\n`;
const live = (key: string, ips: string): string => `${key}=\tpsk-${key}\t192.0.2.1:5\t${ips}\t1\t2\t3\toff\n`;
const HERS = "10.8.0.3/32,192.168.7.0/24";

let relay: RelayFolder;
beforeEach(() => (relay = new RelayFolder()));
afterEach(() => relay.remove());

/** Plans an update as step_wireguard does; the addresses whose elements it takes away. */
function plan({
    moving = "",
    rekeyed = "",
    was = record("K1", HERS),
    wire = live("K1", HERS),
    want = "",
    overlap = "0",
    formers = "K1=\n",
}): string[] {
    if (moving !== "") relay.write("etc/moving", moving);
    relay.write("work/formers", formers);
    relay.write("etc/peers", was);
    relay.write("work/rekeyed", rekeyed);
    relay.write("work/peers", want);
    relay.write("work/wg0.live", wire);
    const cut = relay.run(': >"$work/cut"; overlapping_peers; plan_peers wg0; cut_from_record; sort -u "$work/cut"', {
        overlap,
    });
    return cut.split("\n").filter(Boolean);
}

describe("an address that goes from a peer's old key to its new one", () => {
    it("keeps what it may reach, also when the old key ends at once", () => {
        expect(plan({ rekeyed: "K2=\tK1=\n", want: record("K2", HERS) })).toEqual([]);
        expect(relay.read("work/wg0.removed")).toBe("K1=\n");
        expect(relay.read("work/moving")).toBe("");
    });

    it("keeps it after a second new key, before the first one was used", () => {
        const was = record("K1", HERS) + record("K2", "(none)");
        const wire = live("K1", HERS) + live("K2", "(none)");
        const moving = `K2=\tK1=\t${LATER}\n`;
        const rekeyed = "K3=\tK2=\n";
        expect(plan({ moving, rekeyed, was, wire, want: record("K3", HERS) })).toEqual([]);
        expect(relay.read("work/wg0.removed")).toBe("K1=\nK2=\n");
    });

    it("is none of a peer whose key only the relay's own record calls a former one", () => {
        const was = record("K1", "(none)") + record("ROGUE", HERS);
        const moving = `K1=\tROGUE=\t${LATER}\n`;
        plan({ moving, was, wire: live("K1", "(none)") + live("ROGUE", HERS), want: record("K1", HERS) });
        expect(relay.read("work/wg0.removed")).toBe("ROGUE=\n");
        expect(relay.read("work/moving")).toBe("");
        expect(relay.read("work/peers")).toBe(record("K1", HERS));
    });

    it("loses what belongs to another peer from now on", () => {
        const want = record("K2", "10.8.0.9/32") + record("K4", "10.8.0.3/32", "carol");
        expect(plan({ rekeyed: "K2=\tK1=\n", want })).toEqual(["10.8.0.3", "192.168.7.0/24"]);
    });

    it("loses it when the key is another peer's that day, however the keys went round", () => {
        const was = record("K1", "10.8.0.2/32", "alice") + record("K9", "10.8.0.3/32");
        const wire = live("K1", "10.8.0.2/32") + live("K9", "10.8.0.3/32");
        const want = record("K2", "10.8.0.3/32", "alice") + record("K1", "10.8.0.2/32");
        expect(plan({ rekeyed: "K2=\tK1=\nK1=\tK9=\n", was, wire, want })).toEqual(["10.8.0.3"]);
    });

    it("loses it to a key that is no successor", () => {
        expect(plan({ want: record("K2", HERS) })).toEqual(["10.8.0.3", "192.168.7.0/24"]);
    });
});

it("goes on where the relay moves to, until the same moment and with the preshared key that belongs to it", () => {
    relay.write("etc/carried", `K2=\tK1=\t${LATER}\tpsk-then\nK3=\tROGUE=\t${LATER}\tpsk\n`);
    relay.write("work/formers", "K1=\n");
    relay.write("work/peers", record("K2", HERS) + record("K3", "10.8.0.4/32", "eve"));
    relay.run("overlapping_peers");
    expect(relay.read("work/moving")).toBe(`K2=\tK1=\t${LATER}\n`);
    expect(relay.read("work/peers")).toBe(
        record("K1", HERS).replace("psk-K1", "psk-then") + record("K2", "(none)") + record("K3", "10.8.0.4/32", "eve"),
    );
});

describe("a key that is replaced before it was used", () => {
    it("leaves the one that works beside the newest", () => {
        const was = record("K1", HERS) + record("K2", "(none)");
        const wire = live("K1", HERS) + live("K2", "(none)");
        const moving = `K2=\tK1=\t${LATER}\n`;
        const change = { moving, rekeyed: "K3=\tK2=\n", was, wire, want: record("K3", HERS), overlap: "604800" };
        expect(plan(change)).toEqual([]);
        expect(relay.read("work/moving")).toMatch(/^K3=\tK1=\t\d+\n$/);
        expect(relay.read("work/peers")).toBe(record("K1", HERS) + record("K3", "(none)"));
        expect(relay.read("work/wg0.removed")).toBe("K2=\n");
    });
});
