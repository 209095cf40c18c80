// A double of `pulumi` and of `npx --no qp-tunnel`, for tests of pipelines without a relay: as strict about the log as they are.
// A record is a line; the state, in PULUMI_BACKEND_URL, pins how many there are and the last one. The peers are those of
// peers.yaml. Files in the backend's folder: `broken` lets an update fail, `drift` is what the relay has.
import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const { PULUMI_BACKEND_URL: backend = "", PULUMI_CONFIG_PASSPHRASE: passphrase, AUDIT_KEY: key } = process.env;
const folder = backend.replace(/^file:\/\//, "");
const stateFile = join(folder, "state.json");

function end(code, text = "") {
    process.stdout.write(text);
    process.exit(code);
}

const read = (file) => (existsSync(file) ? readFileSync(file, "utf8") : "");
const lines = (text) => text.split("\n").filter(Boolean);
const logFile = () => process.env.AUDIT_LOG ?? "audit/prod.jsonl";

function state() {
    if (folder === "" || !existsSync(folder)) end(1, "error: no backend\n");
    return { peers: [], revoked: [], pinned: 0, head: "", ...JSON.parse(read(stateFile) || "{}") };
}

/** Why a log cannot go on from a state, if it cannot. */
function problem(records, { pinned, head }) {
    if (records.length < pinned) return "the log is older than the state";
    return pinned > 0 && records[pinned - 1] !== head ? "the log contradicts the state" : undefined;
}

function changes() {
    const wanted = [...read("peers.yaml").matchAll(/^ {2}- name: (\w+)/gm)].map(([, name]) => name);
    const { peers } = state();
    return {
        wanted,
        added: wanted.filter((name) => !peers.includes(name)),
        removed: peers.filter((name) => !wanted.includes(name)),
        allPorts: read("index.ts").includes('"all"'),
    };
}

function up() {
    const before = state();
    if (passphrase === undefined || key === undefined) end(1, "error: no passphrase, or no key for the log\n");
    const records = lines(read(logFile()));
    const refused = problem(records, before);
    if (refused !== undefined) end(1, `error: ${refused}\n`);
    const { wanted, added, removed } = changes();
    const { revoked } = before;
    const again = added.find((name) => revoked.includes(name));
    if (again !== undefined) end(1, `error: peers.${again}.publicKey: was revoked\n`);
    if (added.length + removed.length === 0) end(0, "no changes\n");
    mkdirSync(dirname(logFile()), { recursive: true });
    const record = (action, status = "success") => {
        records.push(JSON.stringify({ action, status, id: randomUUID() }));
        appendFileSync(logFile(), `${records.at(-1)}\n`);
        writeFileSync(stateFile, JSON.stringify({ ...before, pinned: records.length, head: records.at(-1) }));
    };
    record("peers_apply_begin");
    if (existsSync(join(folder, "broken"))) {
        record("peers_apply_error", "failure");
        end(1, "error: no\n");
    }
    for (const name of added) record(`peer_add ${name}`);
    for (const name of removed) record(`peer_remove ${name}`);
    writeFileSync(stateFile, JSON.stringify({ ...state(), peers: wanted, revoked: [...revoked, ...removed] }));
    end(0, added.map((name) => `${name} will be added at 10.8.0.2\n`).join(""));
}

function preview() {
    if (passphrase === undefined) end(1, "error: no passphrase\n");
    const warning = problem(lines(read(logFile())), state());
    end(0, JSON.stringify({ ...changes(), warning }));
}

function review(options) {
    const { added, removed, allPorts, warning } = JSON.parse(read("plan.json"));
    const told = (names, what) => names.map((name) => `\`${name}\` will be ${what}\n`).join("");
    writeFileSync(options["-o"], `${told(added, "added")}${told(removed, "removed")}${warning ?? ""}`);
    writeFileSync(options["--html"], "<html>");
    if (options["--fail-on"].split(",").includes("all-ports") && allPorts)
        end(1, "all-ports: a rule allows all ports\n");
    end(0);
}

function copy(from, to) {
    const [whole, part] = [read(from), read(to)];
    if (from === "" || !existsSync(from)) end(2, `${from}: there is no such file\n`);
    if (!whole.startsWith(part)) end(1, `${to} holds what ${from} does not\n`);
    mkdirSync(dirname(to), { recursive: true });
    appendFileSync(to, whole.slice(part.length));
    end(0);
}

const [, , program, ...args] = process.argv;
const options = {};
args.forEach((arg, index) => arg.startsWith("-") && (options[arg] = args[index + 1]));
const command = program === "npx" ? args.slice(0, 2).join(" ") : args[0];
if (program === "pulumi") {
    if (command === "up") up();
    if (command === "preview") preview();
    if (command === "install") end(0);
    if (command === "stack" && args[1] === "select") end(0);
    if (command === "stack" && args[1] === "export") end(0, writeFileSync(options["--file"], JSON.stringify(state())));
} else if (command === "--no qp-tunnel") {
    const [verb, second, file] = args.slice(2);
    if (verb === "review") review(options);
    if (verb === "audit" && second === "push") copy(file, options["--to"]);
    if (verb === "audit" && second === "pull") {
        const refused = problem(lines(read(options["--from"])), JSON.parse(read(options["--state"])));
        if (refused !== undefined) end(1, `${refused}\n`);
        copy(options["--from"], file);
    }
    if (verb === "status") {
        const drift = read(join(folder, "drift"));
        end(drift === "" ? 0 : 1, drift);
    }
}
end(2, `this double knows no ${program} ${args.join(" ")}\n`);
