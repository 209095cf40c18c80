import { isListed } from "../../../policies/rule.js";

test("a name is listed as itself, or by a pattern", () => {
    expect(isListed("eve", ["alice", "eve"])).toBe(true);
    expect(isListed("contractor-eve", ["contractor-*"])).toBe(true);
    expect(isListed("eve", ["*"])).toBe(true);
    expect(isListed("a-contractor-eve", ["contractor-*"])).toBe(false);
    expect(isListed("evex", ["e.e*x", "eve"])).toBe(false);
    expect(isListed("eve", [])).toBe(false);
});
