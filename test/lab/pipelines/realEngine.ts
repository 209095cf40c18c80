import { appendFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { Lab } from "../lab.js";
import { execute } from "../processes.js";
import { searchPath } from "../stack.js";
import type { Engine } from "./bench.js";

const ROOT = join(__dirname, "../../..");
/** What package.json of the examples names, without types. */
const PACKAGES = ["@pulumi/pulumi", "yaml", "typescript"];

/** The real engine, and a relay in a laboratory of its own. */
export async function realEngine(name: string, backend: string): Promise<Engine> {
    if (!existsSync(join(ROOT, "dist/cli/main.js"))) throw new Error("run: npm run build");
    const lab = await Lab.create(name);
    const relay = lab.node("relay");
    const device = lab.interface("relay");
    const packages = join(backend, "../node_modules");
    mkdirSync(join(packages, "@pulumi"), { recursive: true });
    for (const each of PACKAGES) symlinkSync(join(ROOT, "node_modules", each), join(packages, each));
    symlinkSync(ROOT, join(packages, "pulumi-qp-tunnel"));
    const pulumi = searchPath().split(delimiter).map((each) => join(each, "pulumi")).find((file) => existsSync(file))!; // prettier-ignore
    const qpTunnel = `"${process.execPath}" "${join(ROOT, "dist/cli/main.js")}"`;
    const env = {
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        NODE_COMPILE_CACHE: join(dirname(dirname(dirname(pulumi))), "compiled"),
        PATH: searchPath(),
    };
    let project = "";
    const owner = async (script: string): Promise<void> => {
        const own = { ...env, HOME: join(backend, "../owner"), PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: "test" }; // prettier-ignore
        const { code, stdout, stderr } = await execute(["env", "-C", project, "bash", "-ec", script], { env: own });
        if (code !== 0) throw new Error(`${script}: ${stdout}${stderr}`);
    };
    return {
        pulumi: `"${pulumi}"`,
        qpTunnel,
        packages,
        env,
        setUp: async (folder) => {
            project = folder;
            await owner("pulumi stack init prod");
            const config = { namespace: relay.namespace, interface: device, endpoint: "203.0.113.7" };
            const lines = Object.entries(config).map(([key, value]) => `  office-relay:${key}: ${value}\n`);
            appendFileSync(join(folder, "Pulumi.prod.yaml"), `config:\n${lines.join("")}`);
        },
        verify: (log) => {
            const state = `${log}.state`;
            return owner(`pulumi stack export --stack prod --file "${state}"; ${qpTunnel} audit verify "${log}" --state "${state}"`); // prettier-ignore
        },
        breakUpdates: (bin) => {
            const file = join(bin, "nft");
            writeFileSync(file, "#!/bin/sh\necho no >&2\nexit 1\n", { mode: 0o755 });
            return () => rmSync(file);
        },
        drift: async () => {
            const key = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
            await relay.run(["wg", "set", device, "peer", key, "allowed-ips", "10.8.0.66/32"]);
            return async () => void (await relay.run(["wg", "set", device, "peer", key, "remove"]));
        },
        close: () => {
            lab.close();
            for (const place of ["etc", "run"])
                rmSync(`/${place}/qp-tunnel-${device}.${relay.namespace}`, { recursive: true, force: true });
        },
    };
}
