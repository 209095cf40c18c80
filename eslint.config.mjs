import { fileURLToPath } from "node:url";

import js from "@eslint/js";
import tseslint from "typescript-eslint";

const effects = ["fs", "child_process", "net", "os", "http", "https", "http2", "tls", "dgram", "dns", "worker_threads"];

export default tseslint.config(
    { ignores: ["dist/", "coverage/", "node_modules/"] },
    js.configs.recommended,
    {
        files: ["**/*.ts"],
        extends: [tseslint.configs.recommendedTypeChecked],
        languageOptions: {
            parserOptions: {
                project: ["./tsconfig.test.json"],
                tsconfigRootDir: fileURLToPath(new URL(".", import.meta.url)),
            },
        },
        rules: {
            eqeqeq: ["error", "always"],
            "@typescript-eslint/consistent-type-imports": [
                "error",
                // What is required late is typed by `typeof import("…")`.
                { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
            ],
            "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
            "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
            "@typescript-eslint/only-throw-error": ["error", { allowThrowingUnknown: true }],
            "@typescript-eslint/unbound-method": "off",
            // An interface of async methods has implementations that need not wait for anything.
            "@typescript-eslint/require-await": "off",
            // Packages that are slow to load are required where they are first used.
            "@typescript-eslint/no-require-imports": "off",
        },
    },
    {
        // A source reads top-down, and a function fits on a screen.
        files: ["{cli,components,core,policies,providers,scripts,testing}/**/*.{ts,mjs}"],
        rules: {
            "max-lines": ["error", { max: 300 }],
            "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
        },
    },
    {
        // The domain is pure: what it needs of the world is handed to it.
        files: ["core/**/*.ts"],
        rules: {
            "no-restricted-imports": [
                "error",
                {
                    patterns: [
                        {
                            regex: `^(node:)?(${effects.join("|")})(/|$)`,
                            message: "core has no effects: take what you need as an argument.",
                        },
                        { regex: "^@pulumi/", message: "core knows no Pulumi." },
                        {
                            regex: "^(\\.\\./)+(components|providers|cli|policies|testing)/",
                            message: "core imports nobody: the others import it.",
                        },
                    ],
                },
            ],
            "no-restricted-globals": ["error", "process", "fetch", "setTimeout", "setInterval"],
            "no-restricted-properties": [
                "error",
                { object: "Date", property: "now", message: "core has no clock: take the time as an argument." },
                { object: "Math", property: "random", message: "core has no randomness: take it as an argument." },
                {
                    object: "crypto",
                    property: "getRandomValues",
                    message: "core has no randomness: take it as an argument.",
                },
            ],
            "no-restricted-syntax": [
                "error",
                {
                    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
                    message: "core has no clock: take the time as an argument.",
                },
            ],
        },
    },
    {
        // Arrows go one way: components and cli know the providers, never the other way round.
        files: ["providers/**/*.ts"],
        rules: {
            "no-restricted-imports": [
                "error",
                {
                    patterns: [
                        {
                            regex: "^(\\.\\./)+(components|cli|policies|testing)/",
                            message: "providers know only core.",
                        },
                    ],
                },
            ],
        },
    },
    {
        // Programs do not load what only their tests need.
        files: ["{cli,components}/**/*.ts"],
        rules: {
            "no-restricted-imports": [
                "error",
                {
                    patterns: [
                        { regex: "^(\\.\\./)+testing/", message: "testing is for tests of programs." },
                        { regex: "^(\\.\\./)+policies/", message: "policies are for policy packs." },
                    ],
                },
            ],
        },
    },
    {
        files: ["test/**/*.ts"],
        rules: {
            // Answers of a process, of JSON and of gRPC are looked into without declaring their types first.
            "@typescript-eslint/no-unsafe-assignment": "off",
            "@typescript-eslint/no-unsafe-member-access": "off",
            "@typescript-eslint/no-unsafe-argument": "off",
            "@typescript-eslint/no-unsafe-call": "off",
            "@typescript-eslint/no-unsafe-return": "off",
        },
    },
    {
        files: ["**/*.mjs", "**/*.js"],
        // tsconfig.scripts.json checks these files; it knows Node's globals.
        rules: { "no-undef": "off" },
    },
);
