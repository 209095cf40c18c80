import { evaluate, interpolate, isTrue, type Scope } from "../../../lab/pipelines/expressions.js";

const names: Record<string, string | null> = {
    "github.event_name": "push",
    "github.ref": "refs/heads/main",
    "needs.preview.result": "failure",
    "vars.EMPTY": "",
    $CI_COMMIT_BRANCH: "main",
    $CI_DEFAULT_BRANCH: "main",
    $UNSET: null,
};
const scope: Scope = {
    value: (name) => {
        const value = names[name];
        if (value === undefined) throw new Error(`nothing is called ${name}`);
        return value;
    },
    call: (name, [first, second]) => {
        if (name === "always") return true;
        if (name === "startsWith") return String(first).startsWith(String(second));
        throw new Error(`no function is called ${name}`);
    },
};

it.each([
    ["github.event_name == 'push'", true],
    ["github.event_name != 'push'", false],
    ["github.event_name == 'push' && github.ref == 'refs/heads/dev'", false],
    ["github.event_name == 'pull_request' || needs.preview.result == 'failure'", true],
    ["always() && !(github.event_name == 'push')", false],
    ["startsWith(github.ref, 'refs/heads/')", true],
    ["'it''s' == 'it''s'", true],
    ["$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", true],
    ['$CI_COMMIT_BRANCH =~ /^ma/ && $CI_COMMIT_BRANCH !~ /^MAIN$/ && "a" == "a"', true],
    ["$CI_COMMIT_BRANCH =~ /^MAIN$/i", true],
    ["$UNSET == null && !$UNSET", true],
    // && binds more strongly than ||.
    ["true || false && false", true],
])("%s is %s", (expression, expected) => {
    expect(isTrue(evaluate(expression, scope))).toBe(expected);
});

it("gives the value that decides, as both forges do", () => {
    expect(evaluate("vars.EMPTY || 'otherwise'", scope)).toBe("otherwise");
    expect(evaluate("github.event_name && 'then'", scope)).toBe("then");
});

it("fills in a text", () => {
    expect(interpolate("on ${{ github.event_name }}, ${{vars.EMPTY || 'no'}}.", scope)).toBe("on push, no.");
});

it.each(["github.actor", "true || github.actor", "never()", "github.ref ==", "(true", "a ? b : c", "true true"])(
    "refuses %s: it is not known, or not an expression",
    (expression) => {
        expect(() => evaluate(expression, scope)).toThrow();
    },
);
