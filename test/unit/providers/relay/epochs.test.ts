import { RelayFolder } from "./shell.js";

const MARK = "0x1000000";

/** `ip` over files: the rules of each family, then more than a pipe holds, as on a machine with many rules and little time. */
const STUBS = `
table_of() { printf '%s/../rules%s' "$etc" "$1"; }
ip() {
    case "$2 $3" in
    "rule show") cat "$(table_of "$1")"; for _ in {1..4000}; do printf '32766: from all lookup main of another program\\n'; done ;;
    "rule del") sed -i 1d "$(table_of "$1")" ;;
    "rule add") printf '32765: from all fwmark %s lookup 16777216\\n' "$5" >>"$(table_of "$1")" ;;
    esac
}
nft() { false; }
`;
const RULE = `32765: from all fwmark ${MARK}/${MARK} lookup 16777216\n`;

let relay: RelayFolder;
beforeEach(() => {
    relay = new RelayFolder({ "etc/epoch-mark": `${MARK}\n`, "etc/moved": "", "rules-4": "", "rules-6": "" });
});
afterEach(() => relay.remove());
const run = (script: string): string => relay.run(`${STUBS}\n${script}`);

it("leaves no rule of a key epoch that has ended, however slowly they are listed", () => {
    relay.write("rules-4", RULE + RULE);
    relay.write("rules-6", RULE);
    run("close_epochs");
    expect(relay.read("rules-4")).toBe("");
    expect(relay.read("rules-6")).toBe("");
    expect(relay.read("etc/epoch-mark")).toBeUndefined();
});

it("knows a rule that is there, and a bit that another program uses", () => {
    relay.write("rules-4", RULE);
    expect(run(`has_rule -4 ${MARK} && echo there; has_rule -6 ${MARK} || echo missing`)).toBe("there\nmissing\n");
    relay.write("etc/epoch-mark", "");
    expect(run("epoch_mark")).toBe("0x2000000\n");
});

it("finds what was removed from the routing to the newer interface", () => {
    const rotation = `rotating() { true; }; newest() { echo wg0b; }; networks() { echo 10.8.0.0/24; }; is_epochs_table_whole() { true; }
        ip() { case "$2 $3" in "rule show") cat "$(table_of "$1")" ;; "route show") [[ ! -f "$etc/route" ]] || cat "$etc/route" ;; esac; }`;
    const faults = (): string => run(`${rotation}; rotation_faults; is_rotation_whole && echo whole || echo faulty`);
    expect(faults()).toBe(
        "the route to 10.8.0.0/24 over wg0b is missing\nthe routing rule of the packet mark is missing\nfaulty\n",
    );
    relay.write("rules-4", RULE);
    relay.write("etc/route", "10.8.0.0/24 scope link\n");
    expect(faults()).toBe("whole\n");
});
