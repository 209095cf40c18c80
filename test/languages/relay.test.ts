/** The README's relay, declared in YAML and in Python with the generated SDK: what a TypeScript program declares. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { connect, spoken, withKeys } from "../integration/engine/fixtures.js";
import { Lab, type LabNode, type TOPOLOGY } from "../lab/index.js";
import { type Declared, Stack } from "../lab/stack.js";
import { HOSTS, PLUGIN, PYTHON, generate, installed } from "./sdks.js";

const PROGRAMS: Record<string, (stack: Stack, declared: Declared) => Promise<void>> = { yaml, python };

describe.each(Object.keys(PROGRAMS))("a relay in %s", (language) => {
    const team = withKeys("alice");
    let lab: Lab<keyof typeof TOPOLOGY>;
    let nodes: Record<"relay" | "alice" | "bob", LabNode>;
    let declared: Declared;
    let stack: Stack;

    beforeAll(async () => {
        lab = await Lab.create(language);
        nodes = { relay: lab.node("relay"), alice: lab.node("alice"), bob: lab.node("bob") };
        declared = {
            namespace: nodes.relay.namespace,
            interface: lab.interface("relay"),
            peers: [{ name: "alice", publicKey: team[0]!.publicKey }, { name: "bob" }],
            services: [{ name: "grafana", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] }],
            grants: [{ from: ["alice"], to: "bob", ports: ["udp/7"] }],
        };
        stack = await Stack.create(declared);
        await PROGRAMS[language]!(stack, declared);
    });

    afterAll(() => {
        lab?.close();
        stack?.close();
    });

    it("previews the sentences of the TypeScript program", async () => {
        const typescript = await Stack.create(declared);
        try {
            const expected = spoken(await typescript.preview());
            expect(expected.length).toBeGreaterThan(4);
            expect(spoken(await stack.preview())).toStrictEqual(expected);
        } finally {
            typescript.forget();
        }
    });

    it("is reached with the files it hands out, also by a peer whose key it generated", async () => {
        await stack.up();
        const { configs, url, caCertificate } = await stack.outputs<{
            configs: Record<string, string>;
            url: string;
            caCertificate: string;
        }>();
        await connect(lab, configs, team, ["alice"]);
        await nodes.bob.wgQuickUp(configs["bob"]!, lab.interface("bob"));
        expect(url).toBe("https://grafana.qp-tunnel.internal:8443");
        const [echo, grafana] = [await nodes.bob.udpEcho(7), await nodes.bob.httpServer(3000, "the dashboard")];
        try {
            expect(await nodes.alice.udp("10.8.0.3", 7)).toBe("open");
            const request = { address: "10.8.0.1", port: 8443, servername: "grafana.qp-tunnel.internal" };
            const answer = await nodes.alice.https({ ...request, ca: caCertificate });
            expect(answer).toMatchObject({ status: 200, body: "the dashboard" });
        } finally {
            await grafana.stop();
            await echo.stop();
        }
    });

    it("has nothing to do a second time, and is gone when it is destroyed", async () => {
        await stack.preview("--expect-no-changes");
        await stack.destroy();
        expect(Object.keys(await stack.state())).toStrictEqual([]);
    });
});

const OUTPUTS = ["configs", "caCertificate"];

async function yaml(stack: Stack, { namespace, interface: device, peers, services, grants }: Declared): Promise<void> {
    host(stack, "pulumi-language-yaml");
    const properties = { host: { kind: "local", namespace }, interface: device, peers, services, grants };
    const project = {
        name: "lab",
        runtime: "yaml",
        plugins: { providers: [{ name: "qptunnel", path: PLUGIN }] },
        resources: { relay: { type: "qptunnel:Relay", properties } },
        outputs: {
            ...Object.fromEntries(OUTPUTS.map((name) => [name, `\${relay.${name}}`])),
            url: '${relay.urls["grafana"]}',
        },
    };
    stack.file("Pulumi.yaml", stringify(project));
}

async function python(stack: Stack, { namespace, interface: device, peers }: Declared): Promise<void> {
    host(stack, "pulumi-language-python");
    writeFileSync(join(stack.folder, "bin/python3"), `#!/bin/sh\nexec ${PYTHON} "$@"\n`, { mode: 0o755 });
    stack.env["PYTHONPATH"] = await installed(await generate(stack.folder, "python"));
    stack.file(
        "Pulumi.yaml",
        stringify({
            name: "lab",
            runtime: "python",
            plugins: { providers: [{ name: "qptunnel", path: PLUGIN }] },
        }),
    );
    stack.file(
        "__main__.py",
        `import pulumi
import pulumi_qptunnel as qptunnel

relay = qptunnel.Relay(
    "relay",
    host={"kind": "local", "namespace": "${namespace}"},
    interface="${device}",
    peers=[
        qptunnel.PeerSpecArgs(name="alice", public_key="${String(peers[0]!.publicKey)}"),
        qptunnel.PeerSpecArgs(name="bob"),
    ],
    services=[
        qptunnel.ServiceSpecArgs(
            name="grafana", upstream=qptunnel.PeerPortArgs(peer="bob", port=3000), allow=["alice"]
        )
    ],
    grants=[qptunnel.GrantSpecArgs(from_=["alice"], to="bob", ports=["udp/7"])],
)

pulumi.export("configs", relay.configs)
pulumi.export("caCertificate", relay.ca_certificate)
pulumi.export("url", relay.urls.apply(lambda urls: urls["grafana"]))
`,
    );
}

/** Puts a language host where the stack's engine looks first. */
function host(stack: Stack, name: string): void {
    mkdirSync(join(stack.folder, "bin"), { recursive: true });
    symlinkSync(join(HOSTS, name), join(stack.folder, "bin", name));
}
