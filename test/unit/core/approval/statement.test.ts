import fc from "fast-check";

import {
    parseStatement,
    renderStatement,
    linesOfStatement,
    type Statement,
} from "../../../../core/approval/statement.js";
import { sanitizeText } from "../../../../core/audit/sanitize.js";
import { InvalidArgument } from "../../../../core/errors.js";
import { statementOf } from "./statements.js";

const word = fc.string().map(sanitizeText);
const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const statements: fc.Arbitrary<Statement> = fc.record({
    project: word,
    stack: word,
    plan: hash,
    logs: fc.array(fc.record({ path: word, genesis: hash, size: fc.nat(), head: hash })),
    relays: fc.array(fc.record({ relay: word, generation: fc.nat() })),
    sentences: fc.array(word),
    steps: fc.array(
        fc.record({
            urn: word,
            operation: fc.constantFrom("create" as const, "update" as const, "delete" as const),
            digest: hash,
            hidden: fc.array(fc.array(fc.oneof(word, fc.nat()), { minLength: 1 })),
            open: fc.boolean(),
        }),
    ),
});

it("is read as it was written, also out of the pieces that a record holds", () => {
    fc.assert(
        fc.property(statements, (statement) => {
            const text = renderStatement(statement);
            expect(parseStatement(text, "approval")).toEqual(statement);
            expect(parseStatement(`${linesOfStatement(text).join("")}\n`, "approval")).toEqual(statement);
        }),
    );
});

it("is in pieces that a record does not cut", () => {
    const sentences = Array.from({ length: 900 }, (_, n) => `hub: peer ${n} 🛰 will be added at 10.8.0.2`);
    const text = renderStatement(statementOf({ sentences }));
    const parts = linesOfStatement(text);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.map(sanitizeText)).toEqual(parts);
    expect(`${parts.join("")}\n`).toBe(text);
});

it("is nothing else: another order, a space, another format, a missing or strange member", () => {
    const text = renderStatement(statementOf());
    const changed = [
        ` ${text}`,
        text.trim(),
        text.replace("approval/1", "approval/2"),
        text.replace('"stack":"dev"', '"stack":1'),
        text.replace('"relays":[]', '"relays":[{"relay":"hub"}]'),
        text.replace('"operation":"update"', '"operation":"replace"'),
        text.replace('"hidden":[]', '"hidden":[[]]'),
        text.replace('"project"', '"more":1,"project"'),
        JSON.stringify(JSON.parse(text), undefined, 1),
        "[]\n",
        "",
    ];
    for (const other of changed) expect(() => parseStatement(other, "approval")).toThrow(InvalidArgument);
});

it("does not sign what a person cannot see", () => {
    expect(() => renderStatement(statementOf({ sentences: ["hub: \u202e"] }))).toThrow("invisible characters");
    expect(() => renderStatement(statementOf({ stack: "a\nb" }))).toThrow("cannot be signed");
});
