/** The time of day is set back while a program of the relay waits: SECONDS, which bash counts by it, stands for that. */
import { RelayFolder } from "./shell.js";

let relay: RelayFolder;
beforeEach(() => (relay = new RelayFolder()));
afterEach(() => relay.remove());

const SET_BACK = "SECONDS=-100000";

it("is waited no longer for what does not come", () => {
    const asked = `asked() { ${SET_BACK}; return 1; }`;
    expect(relay.run(`${asked}\nwait_for 1 asked || echo "it did not come"`)).toBe("it did not come\n");
});

it("the watcher goes on with what it does from time to time", () => {
    const stubs = `
        hears_events() { return 0; }; listen() { :; }; end_listening() { :; }; seems_whole() { :; }; read_record() { :; }
        look_after() { looked=$SECONDS look=""; }
        resolve_again() { :; }
        await_event() { pause 0.2; ((turns != 2)) || ${SET_BACK}; }
        acts=0 turns=0
        act() { acts=$((acts + 1)); }
        is_installed() { ((++turns < 25 && acts < 2)); }`;
    expect(relay.run(`ACT_SECONDS=1\n${stubs}\nwatch\necho "$acts"`)).toBe("2\n");
});

it("a package manager's lock is waited for as long as it may take", () => {
    const locked = `locked() { ${SET_BACK}; echo "E: Could not get lock"; return 100; }; sleep() { :; }; PACKAGE_LOCK_SECONDS=1`;
    expect(relay.run(`${locked}\nunlocked ${relay.folder}/output locked || echo "still held"`)).toBe("still held\n");
});
