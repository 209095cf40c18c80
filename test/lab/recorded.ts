import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tableName } from "../../core/names.js";
import { configHash } from "../../providers/resources/proxy/drift.js";
import type { LabNode } from "./node.js";
import { reboot } from "./reboot.js";
import { Stack, type Declared } from "./stack.js";

/**
 * Brings a relay of an earlier version back to life, as it was recorded in test/fixtures: its state and log in a stack
 * of this version, and on the node its files, booted by its own program.
 */
export async function revive(recording: string, node: LabNode, device: string): Promise<Stack> {
    const folder = join(__dirname, "../fixtures", recording);
    const values: Record<string, string> = {
        namespace: node.namespace,
        interface: device,
        table: tableName({ appName: "qp-tunnel", interface: device }),
        machine: await machineOf(node),
    };
    const filled = (text: string): string =>
        text.replace(/\{(namespace|interface|table|machine)\}/g, (_, name: string) => values[name] ?? "");
    const read = (name: string): string => filled(readFileSync(join(folder, name), "utf8"));
    const files = JSON.parse(readFileSync(join(folder, "etc.json"), "utf8")) as Record<string, string>;
    // The state knows files of the machine by their hashes, which depend on the names that are filled in.
    const hashed = (text: string): string =>
        text
            .replace(/\{sha256 ([^}]+)\}/g, (_, name: string) =>
                createHash("sha256").update(filled(files[name]!)).digest("hex"),
            )
            .replace("{configuration caddy.json}", configHash({ caddy: filled(files["caddy.json"]!) }) ?? "");

    const stack = await Stack.create(JSON.parse(read("program.json")) as Declared);
    write(join(stack.folder, "Pulumi.dev.yaml"), read("Pulumi.dev.yaml"));
    write(join(stack.folder, "state.json"), hashed(read("state.json")));
    // The log is sealed: its lines stay as they were.
    write(join(stack.folder, "audit/dev.jsonl"), readFileSync(join(folder, "dev.jsonl"), "utf8"));
    for (const [name, text] of Object.entries(JSON.parse(read("config.json")) as Record<string, string>))
        write(join(stack.folder, "config/pulumi-qp-tunnel", name), text);
    await stack.succeed(["stack", "import", "--file", join(stack.folder, "state.json")]);

    const etc = stack.place("etc");
    for (const [name, text] of Object.entries(files))
        write(join(etc, filled(name)), filled(text), name === "program" ? 0o700 : 0o600);
    await reboot(node, { etc, run: stack.place("run"), interface: device });
    return stack;
}

function write(file: string, text: string, mode = 0o600): void {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, text, { mode });
}

/** As the relay's program names a namespace of this machine. */
async function machineOf(node: LabNode): Promise<string> {
    const script =
        'id=$(cat /etc/machine-id 2>/dev/null || cat /proc/sys/kernel/random/boot_id); printf \'%s/%s\' "$id" "$(stat -L -c %i /proc/self/ns/net)"';
    return node.run(["bash", "-c", script]);
}
