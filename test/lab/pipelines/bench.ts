import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { execute } from "../processes.js";
import { gitHub, gitLab, operator, type Pipelines } from "./pipelines.js";
import { Repository } from "./repository.js";
import type { Bench } from "./scenarios.js";

/** The engine and the relay that pipelines work on: real ones, or doubles. */
export interface Engine {
    /** Commands of a shell. */
    pulumi: string;
    qpTunnel: string;
    /** What `npm ci` links as node_modules; nothing for doubles. */
    packages?: string;
    /** Of all machines. */
    env: Record<string, string>;
    /** Puts into the project what its owner sets up before the first commit. */
    setUp(project: string): Promise<void>;
    /** Fails unless a log is whole and holds what the state pins. */
    verify(log: string): Promise<void>;
    /** @param bin programs found first */
    breakUpdates(bin: string): () => void;
    drift(): Promise<() => Promise<void>>;
    close(): void;
}

export type Kind = "github" | "gitlab" | "operator";

const EXAMPLES = join(__dirname, "../../../examples/pipelines");
const [PASSPHRASE, KEY] = ["test", "42".repeat(32)];

/**
 * @param mirror the log is on a mirror in place of git; the operator's is always on a volume
 * @param start the engine, whose backend is this folder
 */
export async function openBench(
    kind: Kind,
    mirror: boolean,
    start: (backend: string) => Promise<Engine>,
): Promise<Bench> {
    const folder = mkdtempSync(join(tmpdir(), "qptunnel-pipeline-"));
    const [bin, backend, outside] = ["bin", "backend", "outside"].map((name) => join(folder, name)) as [string, string, string]; // prettier-ignore
    for (const each of [bin, backend, outside, join(folder, "machines")]) mkdirSync(each);
    const engine = await start(backend);
    const repository = new Repository(folder, join(EXAMPLES, kind));
    await engine.setUp(repository.author);
    repository.commit("README.md", (text) => text, "first");
    writePrograms(folder, bin, engine, repository);
    const env = {
        ...engine.env,
        PATH: [bin, engine.env["PATH"] ?? process.env["PATH"]].join(delimiter),
        DRIFT_PAUSE: "0",
    };
    const world = { folder: join(folder, "machines"), origin: repository.origin, env, settings: settingsOf(kind, backend, mirror ? outside : "") }; // prettier-ignore
    const site = { repository, bin, world };
    const places = { "https://github.com/office/relay.git": `file://${repository.origin}`, "s3://office-relay-state": `file://${backend}`, "/audit": outside }; // prettier-ignore
    const pipelines: Pipelines = kind === "operator" ? operator(site, places) : kind === "gitlab" ? await gitLab(site) : gitHub(site); // prettier-ignore
    const inGit = kind !== "operator" && !mirror;
    const copy = join(outside, "prod.jsonl");
    const log = (): string => {
        if (inGit) return repository.has("audit/prod.jsonl") ? repository.show("audit/prod.jsonl") : "";
        return existsSync(copy) ? readFileSync(copy, "utf8") : "";
    };
    return {
        repository,
        pipelines,
        records: () => log().split("\n").filter(Boolean),
        verify: async () => {
            const file = join(mkdtempSync(join(folder, "log-")), "prod.jsonl");
            writeFileSync(file, log());
            await engine.verify(file);
            // The copy in git has everything that the volume has.
            if (kind === "operator") expect(repository.show("prod.jsonl", "audit")).toBe(log());
        },
        breakUpdates: () => engine.breakUpdates(bin),
        drift: () => engine.drift(),
        pushAfterUpdate: (script) => writeFileSync(join(folder, "after"), script),
        breakMirror: () => {
            writeFileSync(join(folder, "full"), "");
            return () => rmSync(join(folder, "full"));
        },
        repairMirror: async (file) => {
            const command = ["sh", "-c", `${engine.qpTunnel} audit push "${file}" --to "${copy}"`];
            const { code, stdout, stderr } = await execute(command, { env: engine.env });
            expect([code, stdout + stderr]).toEqual([0, expect.any(String)]);
        },
        close: () => {
            pipelines.stop();
            engine.close();
            rmSync(folder, { recursive: true, force: true });
        },
    };
}

function settingsOf(kind: Kind, backend: string, mirror: string): Record<string, string> {
    const shared = {
        PULUMI_BACKEND_URL: `file://${backend}`,
        PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
        AUDIT_KEY: KEY,
        AUDIT_MIRROR: mirror,
    };
    if (kind !== "operator") return shared;
    return {
        ...shared,
        "relay/passphrase": PASSPHRASE,
        "relay/auditKey": KEY,
        "relay/gitToken": "token",
        "relay/issueToken": 'token {"issues":"write"}',
    };
}

/** What machines find first on their PATH. */
function writePrograms(folder: string, bin: string, engine: Engine, repository: Repository): void {
    const program = (name: string, script: string): void => {
        writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    };
    const packages = engine.packages === undefined ? "true" : `rm -rf node_modules; exec ln -s "${engine.packages}" node_modules`; // prettier-ignore
    program(
        "npm",
        `case "$*" in "run types --if-present" | --version) ;; ci | install*) ${packages} ;; *) exit 1 ;; esac`,
    );
    program(
        "npx",
        `[ "$1 $2" = "--no qp-tunnel" ] || exit 1
[ "$3 $4" != "audit push" ] || [ ! -e "${folder}/full" ] || { echo "no space left on device" >&2; exit 1; }
shift 2
exec ${engine.qpTunnel} "$@"`,
    );
    program(
        "pulumi",
        `${engine.pulumi} "$@"
status=$?
if [ "$1" = up ] && mv "${folder}/after" "${folder}/running" 2>/dev/null; then
    (
        cd "$(mktemp -d "${folder}/other-XXXXXX")" && git clone -q "${repository.origin}" . && . "${folder}/running" && git add -A
        git -c user.name=other -c user.email=other@localhost commit -q -m other && git push -q origin HEAD:main
    ) >&2
fi
exit "$status"`,
    );
}
