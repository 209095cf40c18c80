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
