import { RelayFolder } from "./shell.js";

/** The kernel, in files: what is asked of it changes them. */
const STUBS = `
interfaces() { printf 'wg0\\n'; }
is_recorded() { :; }
answers_wg() { :; }
interface_exists() { [[ -f "$etc/../wire/$1" ]]; }
wg() {
    case "$1 $3" in
    "show peers") cut -f 1 "$etc/../wire/$2" ;;
    "show allowed-ips") cat "$etc/../wire/$2" ;;
    *) return 9 ;;
    esac
}
remove_peers() { awk '{ print $1 }' | grep -vFf - "$etc/../wire/$1" >"$etc/../wire/next" || true; mv "$etc/../wire/next" "$etc/../wire/$1"; }
table_exists() { :; }
table_is_whole() { :; }
live_elements() { sort "$etc/../sets"; }
ip() { :; }
ss() { :; }
end_connections() { :; }
load_owners() { :; }
nft() { [[ "$1" != list ]] || return 1; cat >/dev/null; }
load_sets() { cat >/dev/null; cp "$etc/elements" "$etc/../sets"; }
want[interface]=wg0
want[table]=qp
`;

const row = (name: string, ips = `10.8.0.${name.length}/32`): string =>
    `key-${name}=\tpsk\t${ips}\toff\t(none)\t-\t${name}\n`;
const onWire = (name: string, ips = `10.8.0.${name.length}/32`): string => `key-${name}=\t${ips}\n`;
const admitted = (name: string, own = "-", key = `key-${name}=`): string =>
    `${name}\t${key}\t10.8.0.${name.length}/32\t${own}\n`;

const MAY = "acl4 10.8.0.3 . 10.8.0.1 . tcp . 8443\n";
const GONE = "acl4 10.8.0.3 . 10.8.0.5 . tcp . 22\n";
const ALICES = "acl4 10.8.0.5 . 10.8.0.1 . tcp . 8443\n";

let relay: RelayFolder;
beforeEach(() => {
    relay = new RelayFolder({
        "etc/owner": "p/s/relay\n",
        "etc/interfaces": "wg0\t51820\t1\trelays-own\n",
        "etc/peers": row("alice") + row("bob"),
        "etc/pending/peers": row("alice") + row("bob"),
        "etc/endpoints.wg0": "key-alice=\t192.0.2.1:5\nkey-bob=\t192.0.2.2:6\n",
        "etc/elements": MAY + GONE + ALICES,
        "wire/wg0": onWire("alice") + onWire("bob"),
        sets: MAY + GONE + ALICES,
        "work/admitted": admitted("bob"),
        "work/elements": MAY,
        "work/services": "",
    });
});
afterEach(() => relay.remove());

/** Lines of one file of the answer. */
function answered(text: string, name: string): string[] {
    const [, file = ""] = text.split(new RegExp(`^@${name}\\n`, "m"));
    return file
        .split(/^@/m)[0]!
        .split("\n")
        .filter(Boolean)
        .map((line) => line.trim().replaceAll("\t", " | "));
}
const run = (script = ""): string => relay.run(`${STUBS}\n${script}\nstep_removals`);

it("removes peers that are not listed from kernel and files, with every element that is not granted, and reports what it removed", () => {
    const text = run();
    expect(relay.read("wire/wg0")).toBe(onWire("bob"));
    expect(relay.read("etc/peers")).toBe(row("bob"));
    expect(relay.read("etc/pending/peers")).toBe(row("bob"));
    expect(relay.read("etc/endpoints.wg0")).toBe("key-bob=\t192.0.2.2:6\n");
    expect(relay.read("etc/elements")).toBe(MAY);
    expect(relay.read("sets")).toBe(MAY);
    expect(answered(text, "removed")).toEqual([
        "peer | key-alice= | alice | 10.8.0.5/32 | peer",
        `element | ${GONE.trim()}`,
        `element | ${ALICES.trim()}`,
    ]);
    expect(answered(text, "proof").filter((line) => line.startsWith("left"))).toEqual([]);
    expect(answered(text, "problems")).toEqual([]);
});

it("has nothing to take away a second time, and says so", () => {
    run();
    expect(answered(run(), "removed")).toEqual([]);
});

it("takes away what the kernel has and no record knows", () => {
    relay.write("wire/wg0", onWire("alice") + onWire("bob") + onWire("mallory"));
    relay.write("sets", `${MAY}acl4 10.8.0.9 . 10.8.0.1 . tcp . 22\n`);
    const text = run();
    expect(answered(text, "removed")).toContain("peer | key-mallory= | - | 10.8.0.7/32 | peer");
    expect(answered(text, "removed")).toContain("element | acl4 10.8.0.9 . 10.8.0.1 . tcp . 22");
    expect(relay.read("wire/wg0")).toBe(onWire("bob"));
    expect(relay.read("sets")).toBe(MAY);
});

it.each([
    ["the files were narrowed", "remove_unadmitted() { exit 9; }; close_rights() { exit 9; }"],
    ["the peers were removed", "close_rights() { exit 9; }"],
    ["the rights were removed", "remove_unadmitted() { exit 9; }"],
])("interrupted when %s, the next time does the rest", (_when, script) => {
    run(script);
    const text = run();
    expect(relay.read("wire/wg0")).toBe(onWire("bob"));
    expect(relay.read("sets")).toBe(MAY);
    expect(answered(text, "problems")).toEqual([]);
});

it("a firewall that fails keeps no peer on the interface, and is reported", () => {
    const text = run("fill_sets() { echo 'no such thing' >&2; false; }");
    expect(relay.read("wire/wg0")).toBe(onWire("bob"));
    expect(relay.read("etc/elements")).toBe(MAY);
    expect(answered(text, "problems")).toEqual(["close_rights | no such thing"]);
    expect(answered(text, "removed")).toEqual(["peer | key-alice= | alice | 10.8.0.5/32 | peer"]);
});

describe("stays:", () => {
    const stay = (): void => {
        expect(answered(run(), "removed").filter((line) => line.startsWith("peer"))).toEqual([]);
        expect(relay.read("wire/wg0")).toContain("key-alice=");
    };

    it("a key that is not known here, under the name that the relay has for it", () => {
        relay.write("work/admitted", admitted("bob") + admitted("alice", "own", "-"));
        stay();
    });

    it("a key beside the new one, for as long as it works", () => {
        relay.write("work/admitted", admitted("bob") + admitted("alice", "own", "key-new="));
        stay();
    });

    it("a key whose time beside the new one is not over, whatever the program gives the next ones", () => {
        relay.write("work/admitted", admitted("bob") + admitted("alice", "-", "key-new="));
        relay.write("etc/moving", "key-new=\tkey-alice=\t4000000000\n");
        stay();
    });
});

it("a former key goes alone: its address is still the same peer's", () => {
    relay.write("work/admitted", admitted("bob") + admitted("alice", "-", "key-new="));
    relay.write("work/elements", MAY + ALICES);
    expect(answered(run(), "removed")).toEqual([
        "peer | key-alice= | alice | 10.8.0.5/32 | key",
        `element | ${GONE.trim()}`,
    ]);
    expect(relay.read("etc/elements")).toBe(MAY + ALICES);
});

it("an element whose address is assigned to another peer goes, though it is granted to that one as well", () => {
    relay.write("work/admitted", `${admitted("bob")}other\tkey-other=\t10.8.0.5/32\t-\n`);
    relay.write("work/elements", MAY + ALICES);
    run();
    expect(relay.read("sets")).toBe(MAY);
});

it("an element that leads to the former port of a service goes, though another service is to have that port", () => {
    relay.write("etc/services", "wiki\t8443\t10.8.0.5:80\t10.8.0.1\n");
    relay.write("work/services", "wiki\t8444\nnotes\t8443\n");
    run();
    expect(relay.read("sets")).toBe("");
});

it("elements of sources that are not decided here stay", () => {
    run("want[undecided]='10.8.0.5 fd00::5'");
    // Its address is nobody's any more.
    expect(relay.read("sets")).toBe(MAY);
    relay.write("etc/elements", `${MAY}acl4 10.8.0.1 . 10.8.0.3 . tcp . 80\n`);
    run("want[undecided]='10.8.0.1'");
    expect(relay.read("sets")).toBe(`${MAY}acl4 10.8.0.1 . 10.8.0.3 . tcp . 80\n`);
});

it("does nothing where no relay was set up", () => {
    relay.write("etc/owner", "");
    expect(relay.run(`${STUBS}\nrm "$etc/owner"\nstep_removals`)).toBe("@missing\n removals\n");
    expect(relay.read("etc/peers")).toBe(row("alice") + row("bob"));
});
