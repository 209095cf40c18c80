import { RelayFolder } from "./shell.js";

const WHOLE = `table inet qp {
\tset ours {
\t\ttype ifname
\t}

\tchain guard {
\t\ttype filter hook prerouting priority raw + 10; policy accept;
\t}

\tchain input {
\t\ttype filter hook input priority filter; policy accept;
\t}

\tchain forward {
\t\ttype filter hook forward priority filter; policy accept;
\t}
}`;

/** What may be wrong with a table, so that it does not guard wg0. */
const BROKEN: Record<string, string> = {
    "there is none": "exit 1",
    "it is dormant": `print '${WHOLE.replace("{\n", "{\n\tflags dormant\n")}'`,
    ...Object.fromEntries(
        ["guard", "input", "forward"].flatMap((chain) => [
            [`it has no chain ${chain}`, `print '${WHOLE.replace(`chain ${chain} `, `chain other${chain} `)}'`],
            [
                `its chain ${chain} has no hook`,
                `print '${WHOLE.replace(new RegExp(`(chain ${chain} \\{\\n)[^\\n]*\\n`), "$1")}'`,
            ],
        ]),
    ),
    "wg0 is not among its interfaces": `print '${WHOLE}' 'elements = { "wg1" }'`,
};

/** Whatever makes an interface or changes one that is up. */
const ENTRIES = [
    "set_network wg0",
    "configure_interface wg0",
    "start_interface wg0",
    "boot_wireguard wg0",
    "roll_back",
    "boot boot-firewall $etc $run",
    "boot reload-firewall $etc $run",
    "boot boot-wireguard $etc $run wg0",
];

/** The kernel, as far as it is asked: nothing can be loaded, and what is done to links is written down. */
const stubs = (nft: string): string => `
print() { printf '%s\\n' "$@"; }
nft() {
    case "$*" in
    "-t list table inet qp" | "list set inet qp ours") (${nft}) ;;
    *) return 1 ;;
    esac
}
ip() { case "$*" in "link "*) echo "ip $*" >>"$etc/../calls" ;; esac; }
wg() { case "$*" in "show wg0 public-key") echo public ;; esac; }
uses_systemd() { false; }
detached() { echo "detached $*" >>"$etc/../calls"; }
write_sysctl() { :; }
set_forwarding() { :; }
make_work_folder() { :; }
`;

let relay: RelayFolder;
beforeEach(() => {
    relay = new RelayFolder({
        "etc/peers": "key=\tpsk\t10.8.0.2/32\toff\t(none)\t-\talice\n",
        "etc/interfaces": "wg0\t51820\t1\tpublic\n",
        "etc/network": "address 10.8.0.1/24\nmtu 1420\n",
        "etc/key.wg0": "private",
        "etc/mark.wireguard": "id",
        "etc/manifest": "table\tqp\ninterface\twg0\nname\tqp-wg0\n",
        "etc/pending/network": "address 10.8.0.1/24\nmtu 1420\n",
        "run/pending": "",
    });
});
afterEach(() => relay.remove());

const values = { table: "qp", interface: "wg0", name: "qp-wg0" };
const calls = (): string => relay.read("calls") ?? "";

/** Runs an entry once for each of the kernels, each time as a program of its own would. */
function runWith(kernels: string[], entry: string): void {
    const runs = kernels.map((nft) => `(${stubs(nft)}\n${entry}) & wait $! || echo "$?" >>"$etc/../codes"`);
    relay.run(runs.join("\n"), values);
}

describe("an interface without its table", () => {
    it.each(ENTRIES)("is not set up by %s, whatever is wrong with the table", (entry) => {
        runWith(Object.values(BROKEN), entry);
        expect(calls()).not.toMatch(/ up$/m);
        expect(calls()).not.toContain("detached");
        expect(relay.read("codes") ?? "").toMatch(/^([13]\n)*$/);
    });

    it.each(["boot boot-firewall $etc $run", "boot boot-wireguard $etc $run wg0"])(
        "is taken down by %s, which fails",
        (entry) => {
            runWith(Object.values(BROKEN), entry);
            expect(calls().match(/^ip link set dev wg0 down$/gm)).toHaveLength(Object.keys(BROKEN).length);
            expect(relay.read("codes")).toBe("3\n".repeat(Object.keys(BROKEN).length));
        },
    );
});

it("sets an interface up that its table guards", () => {
    relay.run(`${stubs(`print '${WHOLE}' 'elements = { "wg0" }'`)}\nset_network wg0`, values);
    expect(calls()).toMatch(/^ip link set dev wg0 up$/m);
});
