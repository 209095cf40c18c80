/**
 * Conditions of pipelines: as much of the expressions of GitHub Actions and of GitLab's `rules:if` as the examples use.
 * Whatever is not known is an error, so that a pipeline is never judged by a condition that was not understood.
 */

export type Value = string | number | boolean | null | readonly Value[];

export interface Scope {
    /** What a name stands for: `github.event_name`, `$CI_COMMIT_BRANCH`. */
    value(name: string): Value;
    /** Calls a function of GitHub's: `always()`, `contains(a, b)`. */
    call?(name: string, args: Value[]): Value;
}

interface Token {
    kind: "text" | "number" | "pattern" | "name" | "operator";
    text: string;
}

const TOKENS =
    /\s*(?:'((?:[^']|'')*)'|"([^"]*)"|(\d+(?:\.\d+)?)(?![\w.])|(\/(?:[^/\\]|\\.)+\/i?)|(\$?[A-Za-z_][\w.*-]*)|(==|!=|=~|!~|&&|\|\||[!(),]))/y;

/** Computes an expression. @throws Error naming what is not known */
export function evaluate(expression: string, scope: Scope): Value {
    const parser = new Parser(tokensOf(expression), scope, expression);
    return parser.whole();
}

/** Whether a value counts as true. */
export function isTrue(value: Value): boolean {
    return value !== null && value !== false && value !== "" && value !== 0;
}

/** Replaces each `${{ … }}` in a text. */
export function interpolate(text: string, scope: Scope): string {
    return text.replace(/\$\{\{(.*?)\}\}/gs, (_, inner: string) => String(evaluate(inner, scope) ?? ""));
}

function tokensOf(expression: string): Token[] {
    const text = expression.trim();
    const tokens: Token[] = [];
    TOKENS.lastIndex = 0;
    while (TOKENS.lastIndex < text.length) {
        const at = TOKENS.lastIndex;
        const found = TOKENS.exec(text);
        if (found === null) throw new Error(`not understood: ${text.slice(at)}`);
        const [, single, double, number, pattern, name, operator] = found;
        if (single !== undefined) tokens.push({ kind: "text", text: single.replaceAll("''", "'") });
        else if (double !== undefined) tokens.push({ kind: "text", text: double });
        else if (number !== undefined) tokens.push({ kind: "number", text: number });
        else if (pattern !== undefined) tokens.push({ kind: "pattern", text: pattern });
        else if (name !== undefined) tokens.push({ kind: "name", text: name });
        else tokens.push({ kind: "operator", text: operator! });
    }
    return tokens;
}

/** Reads and computes in one pass; both sides of && and || are always computed, so nothing unknown hides there. */
class Parser {
    #next = 0;

    constructor(
        private readonly tokens: Token[],
        private readonly scope: Scope,
        private readonly expression: string,
    ) {}

    whole(): Value {
        const value = this.#either();
        if (this.#next < this.tokens.length) throw this.#unexpected();
        return value;
    }

    #either(): Value {
        let left = this.#both();
        while (this.#takes("||")) {
            const right = this.#both();
            left = isTrue(left) ? left : right;
        }
        return left;
    }

    #both(): Value {
        let left = this.#compared();
        while (this.#takes("&&")) {
            const right = this.#compared();
            left = isTrue(left) ? right : left;
        }
        return left;
    }

    #compared(): Value {
        const left = this.#negated();
        if (this.#takes("==")) return left === this.#negated();
        if (this.#takes("!=")) return left !== this.#negated();
        if (this.#takes("=~")) return this.#matches(left);
        if (this.#takes("!~")) return !this.#matches(left);
        return left;
    }

    #negated(): Value {
        if (this.#takes("!")) return !isTrue(this.#negated());
        return this.#single();
    }

    #single(): Value {
        if (this.#takes("(")) {
            const value = this.#either();
            if (!this.#takes(")")) throw this.#unexpected();
            return value;
        }
        const token = this.tokens[this.#next++];
        if (token?.kind === "text") return token.text;
        if (token?.kind === "number") return Number(token.text);
        if (token?.kind !== "name") throw this.#unexpected();
        const constant = CONSTANTS.get(token.text);
        if (constant !== undefined) return constant;
        if (this.#takes("(")) return this.#called(token.text);
        return this.scope.value(token.text);
    }

    #called(name: string): Value {
        const args: Value[] = [];
        if (!this.#takes(")")) {
            do args.push(this.#either());
            while (this.#takes(","));
            if (!this.#takes(")")) throw this.#unexpected();
        }
        if (this.scope.call === undefined) throw new Error(`there are no functions here: ${this.expression}`);
        return this.scope.call(name, args);
    }

    #matches(left: Value): boolean {
        const token = this.tokens[this.#next++];
        if (token?.kind !== "pattern") throw this.#unexpected();
        const [, source = "", flags = ""] = /^\/(.*)\/(i?)$/s.exec(token.text) ?? [];
        return typeof left === "string" && new RegExp(source, flags).test(left);
    }

    #takes(operator: string): boolean {
        const token = this.tokens[this.#next];
        const fits = token?.kind === "operator" && token.text === operator;
        if (fits) this.#next++;
        return fits;
    }

    #unexpected(): Error {
        return new Error(`not understood: ${this.expression}`);
    }
}

const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
    ["true", true],
    ["false", false],
    ["null", null],
]);
