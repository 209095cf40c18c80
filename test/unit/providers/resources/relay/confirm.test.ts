import { HostError, HostUnreachable } from "../../../../../core/errors.js";
import { unconfirmed, untilReached } from "../../../../../providers/resources/relay/confirm.js";

test("a change that could not be confirmed gives the reason, and no advice that is for an update that did not begin", () => {
    const cause = new HostUnreachable("root@203.0.113.7", "it cannot be reached (Connection refused)", "apply again");
    expect(unconfirmed("root@203.0.113.7", cause, 60).message).toBe(
        "root@203.0.113.7: the change was made, but could not be confirmed over a new connection (it cannot be reached (Connection refused)); " +
            "wait: the relay rolls back within 60 s, and removed peers stay removed. Then check how the change affects connectivity",
    );
    expect(unconfirmed("here", new Error("socket hang up"), 60).message).toContain("(socket hang up)");
});

describe("a confirmation over a new connection", () => {
    const refused = new HostUnreachable("root@203.0.113.7", "it cannot be reached", "check the firewall");

    /** How often it is tried, with a clock that only waiting moves. */
    async function tries(seconds: number, ...outcomes: (Error | "done")[]): Promise<[number, unknown]> {
        let now = 0;
        let count = 0;
        const attempt = async (): Promise<unknown> => {
            const outcome = outcomes[Math.min(count++, outcomes.length - 1)];
            if (outcome instanceof Error) throw outcome;
            return outcome;
        };
        const wait = async (milliseconds: number): Promise<void> => void (now += milliseconds);
        const result = await untilReached(seconds, attempt, wait, () => now).catch((error: Error) => error);
        return [count, result];
    }

    it("is tried again where a firewall limits new connections, while the relay waits for it", async () => {
        expect(await tries(60, refused, refused, "done")).toEqual([3, "done"]);
        expect(await tries(60, refused)).toEqual([4, refused]);
    });

    it("is tried once where there is no time for more, or where waiting changes nothing", async () => {
        expect(await tries(10, refused)).toEqual([1, refused]);
        const wrongKey = new HostError("root@203.0.113.7", "shows another host key", "find out why");
        expect(await tries(60, wrongKey)).toEqual([1, wrongKey]);
    });
});
