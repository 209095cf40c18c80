"use strict";

// What `npm run lint` asks of the imports: no circle, types included. A type that two files need has a file of its own.
module.exports = {
    forbidden: [
        {
            name: "no-circle",
            severity: "error",
            from: {},
            to: { circular: true },
        },
    ],
    options: {
        tsPreCompilationDeps: true,
        tsConfig: { fileName: "tsconfig.json" },
        exclude: { path: "node_modules" },
    },
};
