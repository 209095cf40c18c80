#!/usr/bin/env node
import { components } from "./components/table.js";
import { functions } from "./functions/table.js";
import { runPlugin } from "./process.js";
import { resources } from "./registry.js";

/** pulumi-resource-qptunnel, as the Pulumi engine starts it. */
runPlugin(resources, functions, components).catch((error: unknown) => {
    process.stderr.write(`pulumi-resource-qptunnel: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
});
