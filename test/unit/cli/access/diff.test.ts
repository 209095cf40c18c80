import { changedRights } from "../../../../cli/access/diff.js";
import { RIGHTS } from "./states.js";

it("tells relays apart", () => {
    const [right] = RIGHTS;
    const of = (relay: string): Parameters<typeof changedRights>[0] => [{ relay, rights: [right!] }];
    expect(changedRights(of("a"), of("a"))).toEqual([]);
    expect(changedRights(of("a"), of("b"))).toEqual([
        { change: "removed", relay: "a", ...right },
        { change: "added", relay: "b", ...right },
    ]);
    expect(changedRights([], of("a"))).toEqual([{ change: "added", relay: "a", ...right }]);
});
