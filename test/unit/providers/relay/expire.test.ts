import { RelayFolder } from "./shell.js";

const PAST = 1_700_000_000;
const FUTURE = 4_000_000_000;

/** What touches the kernel, replaced: it writes down what it was asked. */
const STUBS = `
interfaces() { printf 'wg0\\nwg0b\\n'; }
answers_wg() { :; }
table_exists() { false; }
xargs() { echo "\${*:4} $(cat)" >>"$etc/../calls"; }
ss() { echo "ss $*" >>"$etc/../calls"; }
ip() { echo "ip $*" >>"$etc/../calls"; }
`;

const row = (name: string, expires: number | "-", ips = `10.8.0.${name.length}/32`): string =>
    `key-${name}=\tpsk\t${ips}\toff\t(none)\t${expires}\t${name}\n`;

let relay: RelayFolder;
beforeEach(() => (relay = new RelayFolder()));
afterEach(() => relay.remove());
const run = (script: string): string => relay.run(`${STUBS}\n${script}`);

describe("whose time has come", () => {
    it("is known without the lock: which peers are due, and which is next", () => {
        const ask = 'if expiry_due; then printf "due "; else printf "none "; fi; next_expiry';
        expect(run(ask)).toBe("none ");
        relay.write("etc/peers", row("bob", "-") + row("carol", FUTURE + 5) + row("dora", FUTURE));
        expect(run(ask)).toBe(`none ${FUTURE}\n`);
        relay.write("etc/pending/peers", row("alice", PAST));
        expect(run(ask)).toBe(`due ${PAST}\n`);
    });

    it("is known for more people than a pipe holds", () => {
        relay.write("etc/peers", Array.from({ length: 10_000 }, (_, n) => row(`peer${n}`, PAST)).join(""));
        expect(run('if expiry_due; then echo due; fi; select_peers past "$etc/peers" | wc -l')).toBe("due\n10000\n");
    });
});

describe("cutting off", () => {
    const elements = "acl4 10.8.0.5 . 10.8.0.1 . tcp . 8443\nacl4 10.8.0.3 . 192.168.7.0/24 . tcp . 22\n";
    const kept = "acl4 10.8.0.3 . 10.8.0.1 . tcp . 8443\n";
    beforeEach(() => {
        const peers = row("alice", PAST, "10.8.0.5/32,192.168.7.0/24") + row("bob", "-");
        relay.write("etc/peers", peers);
        relay.write("etc/pending/peers", peers);
        relay.write("etc/endpoints.wg0", "key-alice=\t192.0.2.1:5\nkey-bob=\t192.0.2.2:6\n");
        relay.write("etc/elements", elements + kept);
        relay.write("etc/network", "address 10.8.0.1/24\nmtu 1420\nroute 192.168.7.0/24\n");
    });

    it("takes it out of everything that admits it or could again, and remembers and tells it", () => {
        run("expire_due");
        expect(relay.read("etc/peers")).toBe(row("bob", "-"));
        expect(relay.read("etc/pending/peers")).toBe(row("bob", "-"));
        expect(relay.read("etc/endpoints.wg0")).toBe("key-bob=\t192.0.2.2:6\n");
        expect(relay.read("etc/elements")).toBe(kept);
        expect(relay.read("etc/network")).toBe("address 10.8.0.1/24\nmtu 1420\n");
        expect(relay.read("etc/expired")).toBe(`key-alice=\t${PAST}\talice\t10.8.0.5/32,192.168.7.0/24\n`);
        expect(relay.read("calls")!.trim().split("\n")).toEqual([
            "wg set wg0 peer key-alice= remove",
            "wg set wg0b peer key-alice= remove",
            "ss -K -H -tn dst 10.8.0.5 or dst 192.168.7.0/24",
            "ip route del 192.168.7.0/24 dev wg0",
            "ip route del 192.168.7.0/24 dev wg0b",
        ]);
        expect(relay.read("etc/journal")).toMatch(
            /^\d+\tpeer_expire\tname=alice\tallowed_ips=10.8.0.5\/32,192.168.7.0\/24\tpublic_key=key-alice=\texpires=2023-11-14T22:13:20Z\n$/,
        );
        expect(relay.read("etc/generation")).toBe("1\n");
        expect(run("expired_peers")).toBe(`key-alice=\t${PAST}\talice\t10.8.0.5,192.168.7.0/24\n`);
    });

    it("has nothing to do a second time, and changes nothing then", () => {
        run("expire_due; expire_due");
        expect(relay.read("etc/generation")).toBe("1\n");
        expect(relay.read("etc/journal")!.split("\n")).toHaveLength(2);
    });

    it.each(["remember_expired", "narrow", "forget_routes", "journal_expiries", "forget_rows"])(
        "killed before %s, fills no interface with it, and the next time does the rest and tells it once",
        (point) => {
            expect(() => run(`${point}() { exit 9; }; expire_due`)).toThrow("exit status 9");
            relay.write("etc/key.wg0", "private");
            relay.write("etc/interfaces", "wg0\t51820\t1\tpublic\n");
            expect(run("setconf_of wg0")).not.toContain("key-alice=");
            run("expire_due");
            expect(relay.read("etc/peers")).toBe(row("bob", "-"));
            expect(relay.read("etc/elements")).toBe(kept);
            expect(relay.read("etc/journal")!.match(/peer_expire/g)).toHaveLength(1);
        },
    );
});

describe("what would bring it back", () => {
    const admitted = (table: string): string | undefined => {
        relay.write("work/peers", table);
        relay.write("work/network", "mtu 1420\nroute 192.168.7.0/24\n");
        run("admitted_peers");
        return relay.read("work/peers");
    };
    beforeEach(() => relay.write("etc/expired", `key-alice=\t${FUTURE}\talice\t10.8.0.5/32,192.168.7.0/24\n`));

    it("a clock that stepped back does not, nor a table planned before, with the same key or another", () => {
        const ips = "10.8.0.5/32,192.168.7.0/24";
        expect(admitted(row("alice", FUTURE, ips) + row("bob", "-"))).toBe(row("bob", "-"));
        expect(relay.read("work/network")).toBe("mtu 1420\n");
        expect(admitted(row("alice", FUTURE, ips).replace("key-alice", "key-other"))).toBe("");
        relay.write("etc/peers", row("alice", FUTURE, ips));
        expect(run('select_peers current "$(current peers)"')).toBe("");
    });

    it("neither does one that arrives late, which is remembered from then on", () => {
        expect(admitted(row("dora", PAST))).toBe("");
        expect(relay.read("etc/expired")).toContain(`key-dora=\t${PAST}\tdora\t`);
    });

    it.each([FUTURE + 1, "-"] as const)("a table that gives it %s does, and is not told of later", (expires) => {
        expect(admitted(row("alice", expires))).toBe(row("alice", expires));
        expect(relay.read("etc/expired")).toBe("");
    });

    it("elements that mention its addresses are not loaded, unless another peer has them now", () => {
        const mine = "acl4 10.8.0.5 . 10.8.0.1 . tcp . 22\n";
        const network = "acl4 10.8.0.3 . 192.168.7.0/24 . tcp . 22\n";
        relay.write("etc/peers", row("bobby", "-", "10.8.0.5/32"));
        relay.write("work/elements", mine + network);
        run("admitted_elements");
        expect(relay.read("work/elements")).toBe(mine);
    });
});
