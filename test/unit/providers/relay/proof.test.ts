import { RelayFolder } from "./shell.js";

/** What asks the kernel, replaced: it answers with a file of that name. */
const STUBS = `
interface_exists() { [[ -f "$etc/../wire/$1" ]]; }
wg() { cat "$etc/../wire/$2"; }
ip() { :; }
ss() { :; }
nft() {
    case "$1" in
    list) cat "$etc/../table/$4" 2>/dev/null ;;
    *) cat >>"$etc/../loaded" ;;
    esac
}
want[interface]=wg0
want[table]=qp
`;

const ALICE = "key-alice=";
const TABLE = `table inet qp {
	set acl4 {
		elements = { 10.8.0.2 . 10.8.0.1 . tcp . 22,
			     10.8.0.9 . 10.8.0.1 . tcp . 22 }
	}
	chain forward {
		oifname @ours ct state established ct direction reply ip daddr . ip saddr @any4 accept
		ip saddr 10.8.0.3 counter drop
	}
}
`;

let relay: RelayFolder;
beforeEach(() => {
    relay = new RelayFolder({
        "wire/wg0": "key-bob=\n",
        "wire/wg0b": "key-bob=\n",
        "table/qp": TABLE.replace(/10\.8\.0\.2/, "10.8.0.8"),
        "etc/peers": "key-bob=\tpsk\t10.8.0.3/32\toff\t(none)\t-\tbob\n",
        "etc/elements": "acl4 10.8.0.9 . 10.8.0.1 . tcp . 22\n",
        "etc/network": "address 10.8.0.1/24\nbehind 192.168.7.0/24\n",
        "work/peers": "key-bob=\tpsk\t10.8.0.3/32\toff\t(none)\t-\tbob\n",
        "work/gone": `${ALICE}\t10.8.0.2/32,192.168.7.0/24,10.8.0.3/32\nkey-bob=\t10.8.0.4/32\n`,
    });
});
afterEach(() => relay.remove());

const left = (): string[] => prove().filter((line) => line.startsWith("left"));
function prove(): string[] {
    const text = relay.run(`${STUBS}\nforget_gone; prove_gone`);
    return text
        .split("\n")
        .map((line) => line.trim().replaceAll("\t", " | "))
        .filter((line) => line !== "" && line !== "@proof");
}

it("says where it looked, and that nothing is left", () => {
    expect(prove()).toEqual([
        "read | keys | interface wg0",
        "read | addresses | the routes of wg0",
        "read | keys | interface wg0b",
        "read | addresses | the routes of wg0b",
        "read | addresses | the sets of table inet qp",
        "read | keys | peers",
        "read | addresses | elements",
        "read | addresses | network",
    ]);
});

it("asks for nothing when no peer has to be gone: a key that waits beside the new one does not have to be", () => {
    relay.write("work/gone", "key-bob=\t10.8.0.4/32\n");
    expect(prove()).toEqual([]);
});

it.each([
    ["wire/wg0b", `key-bob=\n${ALICE}\n`, `left | keys | interface wg0b | ${ALICE}`],
    ["etc/peers", `${ALICE}\tpsk\t10.8.0.2/32\toff\t(none)\t-\talice\n`, `left | keys | peers | ${ALICE}`],
    ["etc/pending/peers", `${ALICE}\tpsk\t10.8.0.2/32\n`, `left | keys | pending/peers | ${ALICE}`],
    ["etc/moving", `key-new=\t${ALICE}\t17\n`, `left | keys | moving | ${ALICE}`],
    ["etc/interfaces", `wg0\t51820\t1\t${ALICE}\n`, `left | keys | interfaces | ${ALICE}`],
    ["etc/endpoints.wg0", `${ALICE}\t192.0.2.1:5\n`, `left | keys | endpoints.wg0 | ${ALICE}`],
    ["etc/elements", "acl4 10.8.0.2 . 10.8.0.1 . tcp . 22\n", "left | addresses | elements | 10.8.0.2"],
    ["table/qp", TABLE, "left | addresses | the sets of table inet qp | 10.8.0.2"],
    ["table/qp", `${TABLE}ct state established accept\n`, "left | rules | ct state established accept"],
    [
        "table/qp_epochs",
        "\tset moved4 {\n\t\telements = { 10.8.0.2 }\n\t}\n",
        "left | addresses | the sets of table inet qp_epochs | 10.8.0.2",
    ],
])("finds what is left in %s", (file, text, sentence) => {
    relay.write(file, text);
    expect(left()).toContain(sentence);
});

it("forgets what was noted about it: its endpoint, its routes, and its last handshake", () => {
    relay.write("etc/network", "mtu 1420\nroute 192.168.7.0/24\nroute 192.168.8.0/24\n");
    relay.write("etc/pending/network", "mtu 1400\nroute 192.168.8.0/24\n");
    relay.write("etc/moved", `${ALICE}\twg0b\nkey-bob=\twg0\n`);
    relay.write("table/qp_epochs", "");
    expect(left()).toEqual([]);
    expect(relay.read("etc/moved")).toBe("key-bob=\twg0\n");
    expect(relay.read("etc/network")).toBe("mtu 1420\nroute 192.168.8.0/24\n");
    // The address that bob has by now stays his.
    expect(relay.read("loaded")!.trim().split("\n")).toEqual([
        "add element inet qp seen4 { 10.8.0.2 }",
        "delete element inet qp seen4 { 10.8.0.2 }",
        "add element inet qp_epochs moved4 { 10.8.0.2 }",
        "delete element inet qp_epochs moved4 { 10.8.0.2 }",
    ]);
});
