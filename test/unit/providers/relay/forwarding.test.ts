import { RelayFolder } from "./shell.js";

let relay: RelayFolder;
beforeEach(() => (relay = new RelayFolder({ "etc/sysctls": "boot 1\nnet/a\t0\t1\n" })));
afterEach(() => relay.remove());

describe("the record of what was switched on", () => {
    it("counts for the boot that it was written in", () => {
        expect(relay.run('sysctls_in "$etc/sysctls" "boot 1"')).toBe("net/a\t0\t1\n");
        expect(relay.run('sysctls_in "$etc/sysctls" "boot 2"')).toBe("");
    });

    it("may be removed while it is read: then there is none", () => {
        const removed = 'awk() { rm -f -- "$etc/sysctls"; command awk "$@"; }';
        expect(relay.run(`${removed}; sysctls_in "$etc/sysctls" "boot 1"`)).toBe("");
        expect(relay.run('sysctls_in "$etc/sysctls" "boot 1"')).toBe("");
    });
});

it("no interface leads to a network without a route to it", () => {
    relay.write("etc/network", "behind 192.168.60.0/24\n");
    const table = 'current() { printf "%s" "$etc/$1"; }; interfaces() { :; }; ip() { return 2; }';
    expect(relay.run(`${table}; devices_behind`)).toBe("");
    const routed = 'ip() { printf "192.168.60.0 via 192.0.2.1 dev lan0 src 192.0.2.7\\n"; }';
    expect(relay.run(`${table}; ${routed}; devices_behind`)).toBe("lan0\n");
});
