import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The parts of the relay's program, in the order in which they are joined. Functions first, the start last. */
const PARTS = [
    ...[
        "lib.sh",
        "machine.sh",
        "host.sh",
        "firewall.sh",
        "table.sh",
        "sweep.sh",
        "removals.sh",
        "wireguard.sh",
        "peers.sh",
        "interface.sh",
    ],
    ...["guard.sh", "reference.sh", "restore.sh", "forwarding.sh", "owners.sh"],
    ...["adopt.sh", "overlap.sh", "epochs.sh"],
    ...[
        "handover.sh",
        "endpoint.sh",
        "watch.sh",
        "proxy.sh",
        "renew.sh",
        "record.sh",
        "health.sh",
        "confirm.sh",
        "hostkey.sh",
    ],
    ...[
        "mirror.sh",
        "status.sh",
        "observe.sh",
        "journal.sh",
        "expire.sh",
        "ends.sh",
        "proof.sh",
        "script.sh",
        "serve.sh",
    ],
    "main.sh",
];

let text: string | undefined;

/** The program that runs on every relay, the same for each kind of host. */
export function relayProgram(): string {
    text ??= PARTS.map((part) => readFileSync(join(sourceFolder(), part), "utf8")).join("\n");
    return text;
}

/**
 * What goes to `bash -s` before the first request. Bash reads a program on standard input byte by byte, which for one of this length
 * takes longer than to run it: its first line takes the rest in one piece.
 */
export function programOnInput(program = relayProgram()): string {
    const length = Buffer.byteLength(program);
    return `LC_ALL=C; IFS= read -rN ${length} program && . <(printf %s "$program") serve "$program"\n${program}`;
}

/** Shell is not compiled: it lies in providers/relay of the package, beside dist or beside this file's source. */
function sourceFolder(): string {
    const root = dirname(require.resolve("pulumi-qp-tunnel/package.json"));
    return join(root, "providers", "relay");
}
