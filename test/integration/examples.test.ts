import {
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    readdirSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Outcome } from "../lab/processes.js";
import { pulumiIn } from "../lab/scratchEngine.js";

jest.setTimeout(120_000);

const ROOT = join(__dirname, "../..");
const EXAMPLES = readdirSync(join(ROOT, "examples"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    // Those in other languages need their hosts: test/languages/examples.test.ts runs them.
    .filter((name) => existsSync(join(ROOT, "examples", name, "index.ts")));

// Of two parties, with a project each.
EXAMPLES.push("agencies/alder", "agencies/birch");

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

/** What an example says has to be set before. */
const CONFIG: Record<string, Record<string, string>> = {
    digitalocean: { "--secret digitalocean:token": "none" },
    ssh: { address: "198.51.100.7", hostKey: HOST_KEY },
    "site-to-site": machines("relay", "north", "south"),
    "service-behind-relay": machines("relay", "vault"),
};

function machines(...names: string[]): Record<string, string> {
    const settings = names.map((name, index) => [
        [`${name}Address`, `198.51.100.${index + 7}`],
        [`${name}HostKey`, HOST_KEY],
    ]);
    return Object.fromEntries(settings.flat()) as Record<string, string>;
}

interface Project {
    plugins: { providers: { name: string; path: string }[] };
}

let folder: string;

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-example-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The example beside what it finds in a clone, where its state and its log do not land in this one. */
function copy(example: string): string {
    for (const part of ["package.json", "tsconfig.json", "dist", "node_modules", "plugin"])
        symlinkSync(join(ROOT, part), join(folder, part));
    const own = join(folder, "examples", example);
    cpSync(join(ROOT, "examples", example), own, {
        recursive: true,
        filter: (source) => !/\/(audit|out)$|Pulumi\..+\.yaml$/.test(source),
    });
    mkdirSync(join(folder, "state"));
    if (example === "digitalocean") {
        const file = join(own, "Pulumi.yaml");
        const project = parse(readFileSync(file, "utf8")) as Project;
        project.plugins.providers.push({
            name: "digitalocean",
            path: join(ROOT, "test/lab/plugins/digitalocean"),
        });
        writeFileSync(file, stringify(project));
    }
    return own;
}

function pulumi(own: string, ...args: string[]): Promise<Outcome> {
    return pulumiIn(folder, [...args, "-C", own], 100_000);
}

it.each(EXAMPLES)("%s previews as it stands, with peers in sentences", async (example) => {
    const own = copy(example);
    await pulumi(own, "stack", "init", "dev");
    for (const [key, value] of Object.entries(CONFIG[example] ?? {}))
        await pulumi(own, "config", "set", ...key.split(" "), value);
    const { stdout } = await pulumi(own, "preview");
    expect(stdout).toMatch(/: \S+ will be added at 10\./);
    expect(stdout).toMatch(/\+ \d+ to create/);
    expect(stdout).not.toMatch(/error/i);
});
