import { RelayFolder } from "./shell.js";

let relay: RelayFolder;
beforeEach(() => (relay = new RelayFolder()));
afterEach(() => relay.remove());

it("a process whose pid is written again is never taken for gone, which would start a second one", () => {
    const script = `write_pid it "$$"
        { for _ in {1..300}; do write_pid it "$$"; done; } & writer=$!
        looks=0 missed=0
        until gone "$writer"; do looks=$((looks + 1)); alive it || missed=$((missed + 1)); done
        wait "$writer"
        ((looks > 300)) && echo "missed $missed"`;
    expect(relay.run(script)).toBe("missed 0\n");
});

it("a wireguard-go that has ended is not waited for", () => {
    const script =
        'true & ended=$!; wait "$ended"; has_started none "$ended" && echo ended; has_started none "$$" 2>/dev/null || echo silent';
    expect(relay.run(script)).toBe("ended\nsilent\n");
});
