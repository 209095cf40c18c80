"use strict";

// TypeScript is only transpiled here (`npm run types` checks it). noble 2 is ESM-only and jest loads CommonJS, so the
// same transform turns noble's files into CommonJS.
const transpile = [
    "ts-jest",
    {
        diagnostics: false,
        tsconfig: {
            target: "es2022",
            module: "commonjs",
            moduleResolution: "node10",
            esModuleInterop: true,
            isolatedModules: true,
            allowJs: true,
            sourceMap: true,
        },
    },
];

/** One tier: a folder of tests, run by its name (`jest --selectProjects unit`). */
function tier(name) {
    return {
        displayName: name,
        rootDir: __dirname,
        roots: [`<rootDir>/test/${name}`],
        testMatch: ["**/*.test.ts"],
        testEnvironment: "node",
        // Jest takes a time-out per test from here only, not from a project's own testTimeout.
        setupFilesAfterEnv: [`<rootDir>/test/setup/${name}.js`],
        restoreMocks: true,
        moduleNameMapper: {
            "^pulumi-qp-tunnel$": "<rootDir>/components/index.ts",
            "^pulumi-qp-tunnel/policies$": "<rootDir>/policies/index.ts",
            "^pulumi-qp-tunnel/testing$": "<rootDir>/testing/index.ts",
            "^(\\.{1,2}/.*)\\.js$": "$1",
        },
        transform: { "\\.ts$": transpile, "/node_modules/@noble/.*\\.js$": transpile },
        transformIgnorePatterns: ["/node_modules/(?!@noble/)"],
    };
}

module.exports = {
    projects: [tier("unit"), tier("integration"), tier("smoke"), tier("browsers"), tier("vm"), tier("languages")],
};
