import { qpTunnel } from "../lab/command.js";
import { during } from "../lab/progress.js";
import { expectClosed, expectService, PEERS, peersOnTheWire, step, world } from "./world.js";

const BEFORE = "before";

/**
 * A machine that comes back as it was before changes.
 *
 * @param changes tests that change it meanwhile
 */
export function restoredMachine(changes: () => void): void {
    step("can be kept as a snapshot", () => world.vm.keepSnapshot(BEFORE));

    changes();

    step("is noticed when it was restored from a snapshot, and repaired by the command that is named", async () => {
        const { vm, stack, operator } = world;
        await vm.restoreSnapshot(BEFORE);
        // Carol, who was removed since, is connected again.
        expect(await peersOnTheWire()).toEqual(["10.8.0.2/32", "10.8.0.3/32", "10.8.0.4/32", "10.8.0.5/32"]);

        const words = /the machine was restored from an older copy: its last change is record \d+ of the log/;
        const asked = await qpTunnel(stack, ["status", "--json"], { node: operator, env: stack.env });
        const { problems } = JSON.parse(asked.stdout) as { problems: { message: string }[] };
        expect(problems.map(({ message }) => message)).toContainEqual(expect.stringMatching(words));

        // Whoever is removed now is off the wire at once, whatever else is refused.
        stack.declare({ peers: PEERS.slice(0, 2) });
        const refused = await during("an update that is refused", () => stack.fail(["up", "--yes", "--skip-preview"]));
        const [, command = ""] =
            /was restored from an older copy \(of record \d+ of the log, whose last change is record \d+\); run `pulumi ([^`]+)`/.exec(
                refused.replace(/\s+/g, " "),
            ) ?? [];
        expect(refused.replace(/\s+/g, " ")).toMatch(words);
        const left = ["10.8.0.2/32", "10.8.0.3/32"];
        expect(await peersOnTheWire()).not.toContain("10.8.0.5/32");
        expect(command).not.toBe("");
        await during("the command that it names", () =>
            stack.succeed([...command.split(" "), "--yes", "--skip-preview"]),
        );
        expect(await peersOnTheWire()).toEqual(left);
        const log = stack.log();
        expect(log.findLast(({ action }) => action === "relay_restored")).toMatchObject({ status: "success" });
        await expectService();
        await expectClosed();
        await stack.refresh("--expect-no-changes");
    });
}
