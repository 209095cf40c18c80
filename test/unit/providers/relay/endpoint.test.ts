import { RelayFolder } from "./shell.js";

let relay: RelayFolder;
beforeEach(() => {
    relay = new RelayFolder({
        "etc/interfaces": "wg0\t0\t1\tOWN\n",
        "etc/peers": `${peer("KEY", "relay.example.org:51820")}${peer("OTHER", "192.0.2.9:51820")}${peer("THIRD", "(none)")}`,
    });
});
afterEach(() => relay.remove());

/** A row of the table of peers. */
function peer(key: string, endpoint: string): string {
    return `${key}\tPSK\t10.8.0.0/24\t25\t${endpoint}\t-\t${key.toLowerCase()}\n`;
}

/** With a resolver that knows these names, on this machine and on the one that it is a namespace of. */
function run(script: string, names: Record<string, string> = {}, outside: Record<string, string> = {}): string {
    const cases = (known: Record<string, string>): string =>
        Object.entries(known)
            .map(([name, address]) => `${name}) printf "%s STREAM %s\\n%s DGRAM\\n" ${address} ${name} ${address} ;;`)
            .join(" ");
    const resolver = `
        timeout() { shift; "$@"; }
        nsenter() { shift 2; shift 2; case "$1" in ${cases(outside)} *) return 2 ;; esac; }
        getent() { case "$2" in ${cases(names)} *) return 2 ;; esac; }`;
    return relay.run(`${resolver}\n${script}`, outside === NOWHERE ? {} : { namespace: "site" });
}
const NOWHERE: Record<string, string> = {};

it("knows names from addresses", () => {
    relay.write(
        "peers",
        [peer("A", "[2001:db8::1]:1"), peer("B", "203.0.113.7:1"), peer("C", "10.example.org:1")].join(""),
    );
    expect(relay.run(`named_endpoints ${relay.folder}/peers`)).toBe("C\t10.example.org:1\n");
});

it.each([
    ["an IPv4 address", { "relay.example.org": "203.0.113.7" }, NOWHERE, "203.0.113.7:51820"],
    ["an IPv6 address", { "relay.example.org": "2001:db8::7" }, NOWHERE, "[2001:db8::7]:51820"],
    ["an address that only the machine outside knows", {}, { "relay.example.org": "203.0.113.7" }, "203.0.113.7:51820"],
    ["nothing", {}, NOWHERE, "none"],
])("resolves to %s", (_what, names, outside, expected) => {
    expect(run("address_of relay.example.org:51820 || printf none", names, outside)).toBe(expected);
});

it("fills an interface with what resolves, with where the peer was last, or without", () => {
    const endpoints = (names: Record<string, string>): string[] =>
        run(`resolved ${relay.folder}/etc/peers wg0 | cut -f 1,5`, names, NOWHERE).trim().split("\n");
    const others = ["OTHER\t192.0.2.9:51820", "THIRD\t(none)"];
    expect(endpoints({})).toEqual(["KEY\t(none)", ...others]);
    relay.write("etc/endpoints.wg0", "KEY\t198.51.100.1:51820\n");
    expect(endpoints({})).toEqual(["KEY\t198.51.100.1:51820", ...others]);
    expect(endpoints({ "relay.example.org": "203.0.113.7" })).toEqual(["KEY\t203.0.113.7:51820", ...others]);
});

describe("a peer whose name may lead elsewhere", () => {
    /** What is found where it was last heard so many seconds ago, at an endpoint. */
    const moved = (
        ago: number | undefined,
        endpoint = "198.51.100.1:51820",
        names?: Record<string, string>,
    ): string => {
        const heard = ago === undefined ? "0" : `$((EPOCHSECONDS - ${ago}))`;
        const wg = `wg() {
            case "$3" in
            dump) printf 'PRIVATE\\tOWN\\t0\\toff\\n'; printf 'KEY\\tPSK\\t%s\\t10.8.0.0/24\\t%s\\t1\\t1\\t25\\n' '${endpoint}' "${heard}" ;;
            endpoints) printf 'KEY\\t%s\\n' '${endpoint}' ;;
            esac
        }`;
        return run(`${wg}\nfind_moved || echo again`, names ?? { "relay.example.org": "203.0.113.7" }, NOWHERE);
    };
    const found = "wg0\tKEY\trelay.example.org:51820\t203.0.113.7:51820\n";

    it.each<[string, number | undefined, string]>([
        ["was heard a minute ago", 60, ""],
        ["was not heard for four minutes", 240, found],
        ["was never heard", undefined, found],
        ["was heard in the future, by a clock that was set back", -86_400, found],
    ])("that %s", (_what, ago, expected) => {
        expect(moved(ago)).toBe(expected);
    });

    it("is left alone where the name leads, is found where it was nowhere, and is asked for again without an answer", () => {
        expect(moved(240, "203.0.113.7:51820")).toBe("");
        expect(moved(undefined, "(none)")).toBe(found);
        expect(moved(240, "198.51.100.1:51820", {})).toBe("again\n");
        expect(moved(60, "198.51.100.1:51820", {})).toBe("");
    });
});

describe("an apply", () => {
    const check = (endpoint: string, names: Record<string, string>, had = "KEY\t198.51.100.1:51820"): string => {
        relay.write("work/peers", peer("KEY", endpoint));
        return run(`wg() { printf '%s\\n' '${had}'; }\ncheck_endpoints; echo fine`, names, NOWHERE);
    };

    it("goes on with a name that resolves, and with one that the interface has an address for", () => {
        expect(check("other.example.org:51820", { "other.example.org": "203.0.113.7" })).toBe("fine\n");
        expect(check("relay.example.org:51820", {})).toBe("fine\n");
    });

    it("refuses a new name that does not resolve, or without an address there", () => {
        const refused = (name: string): string =>
            `@refused\n the relay's endpoint ${name} does not resolve on this machine\n check this machine's DNS (\`getent ahosts ${name}\`), or give the Relay an \`endpoint\` with an address\n`;
        expect(() => check("other.example.org:51820", {})).toThrow(refused("other.example.org"));
        expect(() => check("relay.example.org:51820", {}, "KEY\t(none)")).toThrow(refused("relay.example.org"));
    });
});
