import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type HttpsAnswer, Lab, type LabNode, type Program, type Server, type TOPOLOGY } from "../../lab/index.js";
import { execute } from "../../lab/processes.js";
import { Stack, searchPath } from "../../lab/stack.js";
import { connect, spoken, withKeys } from "./fixtures.js";
import { asCgi, forgedRequests, forgedUpgrades, OWN_HEADERS } from "./forged.js";

jest.setTimeout(300_000);

const team = withKeys("alice", "bob", "carol");
const peers = team.map(({ name, publicKey }) => ({ name, publicKey }));
/** As a program declares one that says nothing of certificates. */
const ZINES = { name: "zines", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] };
const NOTES = { ...ZINES, name: "notes", certificate: "ed25519" };
const WIKI = { ...NOTES, name: "wiki", certificate: "ecdsa-p256", keyExchange: "prefer" };
const RELAY = "10.8.0.1";
const DAY = 86_400_000;

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let alice: LabNode, bob: LabNode;
let upstream: Server & { finish(): void };
let caFile: string;
let socket: Program;
let slow: Promise<HttpsAnswer>;
let said = 0;

beforeAll(async () => {
    lab = await Lab.create("services");
    [alice, bob] = [lab.node("alice"), lab.node("bob")];
    const { namespace } = lab.node("relay");
    stack = await Stack.create({
        namespace,
        interface: lab.interface("relay"),
        peers: peers.slice(0, 2),
        services: [NOTES],
    });
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    await connect(lab, configs, team, ["alice", "bob"]);
    upstream = await bob.streamServer(3000);
    await trust();
    // Both stay open from here to the end of the file, whatever happens to everything else.
    socket = await alice.webSocket(`wss://${RELAY}:8443/socket`, caFile);
    slow = request(8443, { path: "/slow", timeout: 1_200_000 });
    await upstream.program.next((message) => message["request"] === "/slow");
});

afterAll(async () => {
    await socket?.stop();
    await upstream?.stop();
    lab?.close();
    stack?.close();
});

it.each([false, true])("hands on to the upstream nothing that a client says of itself (HTTP/2: %s)", async (http2) => {
    const requests = forgedRequests(process.env["SLOW"] === "1" ? 3000 : 150, 20261129);
    const seen = (await alice.forgeHeaders({ ...asked(8443), http2, requests })).map(asCgi);
    expect(seen).toHaveLength(requests.length);
    for (const headers of seen) {
        expect(headers).toMatchObject({
            ...OWN_HEADERS,
            HOST: [`${RELAY}:8443`],
            X_FORWARDED_FOR: ["10.8.0.2"],
            X_FORWARDED_HOST: [`${RELAY}:8443`],
            X_FORWARDED_PROTO: ["https"],
        });
        expect(Object.entries(headers).filter(([, values]) => values.includes("forged"))).toEqual([]);
    }
});

it("takes no other upgrade than to a WebSocket, and no trailers", async () => {
    const requests = [...forgedUpgrades(), { headers: [], trailers: [["X-Real-IP", "forged"] as [string, string]] }];
    const seen = await alice.forgeHeaders({ ...asked(8443), http2: false, requests });
    expect(seen.map(({ error, trailers }) => [error, trailers])).toEqual(requests.map(() => [undefined, []]));
    expect(seen.map(asCgi).flatMap(({ UPGRADE = [], HTTP2_SETTINGS = [] }) => [UPGRADE, HTTP2_SETTINGS])).toEqual(
        requests.flatMap(() => [[], []]),
    );
    await expectEcho();
});

it("lets a WebSocket and a request that runs go on while another service opens and a peer comes", async () => {
    stack.declare({ peers, services: [NOTES, WIKI, ZINES] });
    expect(spoken(await stack.up())).toEqual(
        expect.arrayContaining([
            "relay: service wiki opens on port 8444, for 10.8.0.3:3000",
            'relay: service wiki also accepts clients without a post-quantum key exchange (`keyExchange: "prefer"`): an attacker who records their traffic can decrypt it with a future quantum computer',
        ]),
    );
    await expectEcho();
});

it("accepts a client that knows X25519 only where the program prefers, and refuses it where it requires", async () => {
    await trust();
    const group = async (port: number, groups: string) => (await opened(port, groups)).group;
    expect(await group(8444, "X25519")).toBe("X25519");
    expect(await group(8444, "X25519MLKEM768:X25519")).toBe("X25519MLKEM768");
    expect(await group(8443, "X25519MLKEM768:X25519")).toBe("X25519MLKEM768");
    const refused = await opened(8443, "X25519");
    expect(refused).toMatchObject({ error: expect.stringContaining("HANDSHAKE_FAILURE") as string });
    // Another implementation, of before there was anything post-quantum.
    const classical = (port: number) =>
        alice.exec(["openssl", "s_client", "-connect", `${RELAY}:${port}`, "-CAfile", caFile, "-groups", "X25519"]);
    expect((await classical(8444)).stdout).toContain("Verify return code: 0 (ok)");
    expect((await classical(8443)).stderr).toContain("handshake failure");
});

it("shows the certificate that the client knows: by default a service has both", async () => {
    const { zines, "zines.p256": p256 } = certificates(await stack.state());
    const shown = async (sigalgs?: string) => plain((await opened(8445, "X25519MLKEM768", sigalgs)).shown);
    expect(await shown("ed25519")).toBe(zines!.fingerprint);
    expect(await shown("ecdsa_secp256r1_sha256")).toBe(p256!.fingerprint);
    // Who knows both gets the one that clients of an Ed25519 service trust already.
    expect(await shown()).toBe(zines!.fingerprint);
    expect(await shown("ecdsa_secp256r1_sha256:ed25519")).toBe(zines!.fingerprint);
});

it("hands out from the stack what clients then trust", async () => {
    const args = [join(__dirname, "../../../dist/cli/main.js"), "ca", "--algorithm", "ecdsa-p256"];
    const env = { ...stack.env, PATH: searchPath() };
    const command = ["env", "-C", stack.folder, process.execPath, ...args];
    const { code, stdout, stderr } = await execute(command, { env });
    expect([code, stderr]).toEqual([0, expect.stringContaining(new X509Certificate(stdout).fingerprint256)]);
    // Not that of the other service.
    expect(await alice.https({ ...asked(8444), ca: stdout, path: "/", timeout: 2000 })).toMatchObject({
        error: "ETIMEDOUT",
    });
    expect((await alice.https({ ...asked(8443), ca: stdout })).message).toMatch(/unable to|self-signed/);
    const elsewhere = await execute(["env", "-C", lab.folder, process.execPath, ...args], { env });
    expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringMatching(/^error: pulumi stack export: /)]);
});

it("warns of certificates near their end, without looking at the relay, and renews them under open connections", async () => {
    const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString().replace(/\.\d+Z$/, "Z");
    const [soon, past] = [inDays(40.5), inDays(-3.5)];
    const before = await stack.state();
    await editCertificates({
        notes: { notBefore: inDays(-324), notAfter: soon },
        wiki: { notBefore: inDays(-368), notAfter: past },
    });
    const plan = await stack.plan();
    expect(Object.keys(plan.steps["relay-proxy"]!.detailedDiff ?? {}).sort()).toEqual([
        "certificates.notes.renew",
        "certificates.wiki.renew",
    ]);
    expect(plan.words["relay-proxy"]).toEqual([
        `warning: relay: certificate of notes is valid until ${soon}, 40 days more; the next \`pulumi up\` renews it`,
        `warning: relay: certificate of wiki expired on ${past}: clients refuse it; the next \`pulumi up\` renews it`,
        "relay: certificate of notes is renewed",
        "relay: certificate of wiki is renewed",
        "relay: the proxy reloads its configuration: idle keep-alive connections to services are reset, all others continue",
    ]);
    await stack.up();
    const [old, renewed] = [certificates(before), certificates(await stack.state())];
    for (const name of ["notes", "wiki"]) {
        expect(renewed[name]!.fingerprint).not.toBe(old[name]!.fingerprint);
        expect(Date.parse(renewed[name]!.notAfter)).toBeGreaterThan(Date.now() + 364 * DAY);
    }
    const { shown } = await opened(8443, "X25519MLKEM768");
    expect(plain(shown)).toBe(renewed["notes"]!.fingerprint);
    await expectEcho();
    const after = await stack.preview("--expect-no-changes");
    expect(spoken(after)).toEqual([]);
});

it("leaves the relay an authority of its own where the program says so, for its names and addresses only", async () => {
    const services = [NOTES, { ...WIKI, certificate: "both", keyExchange: "require" }];
    stack.declare({ peers: peers.slice(0, 2), services, certificateRenewal: "relay" });
    expect(spoken(await stack.up())).toContain(
        "relay: renews the certificates of its services itself from now on, each valid for 90 days: an intermediate CA for names below qp-tunnel.internal and 10.8.0.1 is installed on it",
    );
    await expectEcho();
    expect(await opened(8444, "X25519")).toMatchObject({
        error: expect.stringContaining("HANDSHAKE_FAILURE") as string,
    });
    for (const [name, port] of Object.entries({ notes: 8443, wiki: 8444 })) {
        const known = certificates(await stack.state())[name]!;
        expect((await opened(port, "X25519MLKEM768")).shown).toBe(spelled(known.fingerprint));
        expect(Date.parse(known.notAfter)).toBeLessThanOrEqual(Date.now() + 90 * DAY);
    }
    const { shown } = await opened(8444, "X25519MLKEM768", "ecdsa_secp256r1_sha256");
    expect(plain(shown)).toBe(certificates(await stack.state())["wiki.p256"]!.fingerprint);
    const kept = ["notes", "wiki", "wiki.p256"]
        .map((name) => `certs/${name}-relay.pem`)
        .concat("issuers/ed25519.key", "issuers/ecdsa-p256.key");
    const modes = await lab
        .node("relay")
        .run(["stat", "-c", "%a", ...kept.map((file) => `${stack.place("etc")}/${file}`)]);
    expect(modes.trim().split("\n")).toEqual(kept.map(() => "600"));
    const { outputs } = (await stack.state())["relay-proxy"]!;
    expect(JSON.stringify(outputs)).not.toContain("PRIVATE KEY");
    expect(Object.keys(outputs["issuers"] as object)).toEqual(["ecdsa-p256", "ed25519"]);
    expect(stack.log().map(({ action }) => action)).toContain("ca_delegate");
});

it("renews a certificate on the relay when less than a third of its life is left, which is no drift", async () => {
    const relay = lab.node("relay");
    const [notes, wiki] = [await opened(8443, "X25519MLKEM768"), await opened(8444, "X25519MLKEM768")];
    // Nothing is due: nothing happens.
    await relay.run(["bash", `${stack.place("etc")}/program`, "renew", stack.place("etc"), stack.place("run")]);
    expect(await opened(8443, "X25519MLKEM768")).toEqual(notes);

    const now = Math.floor(Date.now() / 1000);
    const file = `${stack.place("etc")}/certs/notes-relay.pem`;
    const aged = `# ${now - (61 * DAY) / 1000} ${now + (29 * DAY) / 1000}`;
    writeFileSync(file, readFileSync(file, "utf8").replace(/^# .*$/m, aged), { mode: 0o600 });
    const loop = readFileSync(`${stack.place("run")}/renewal.pid`, "utf8").trim();
    await relay.run(["bash", "-c", 'kill $(cat "/proc/$0/task/$0/children")', loop]);
    const journal = `${stack.place("etc")}/journal`;
    await relay.run(["bash", "-c", 'until [[ -s "$0" ]]; do sleep 0.05; done', journal]);
    // Under the lock, so that what follows the line has happened as well.
    await relay.run(["flock", `${stack.place("run")}/lock`, "true"]);

    const renewed = await opened(8443, "X25519MLKEM768");
    expect(renewed.shown).not.toBe(notes.shown);
    expect(await opened(8444, "X25519MLKEM768")).toEqual(wiki);
    expect(readFileSync(journal, "utf8")).toMatch(
        new RegExp(`^[0-9]+\tcertificate_renew\tname=notes\ttls_fingerprint=SHA256:${plain(renewed.shown)}\n$`),
    );
    await expectEcho();
    expect(spoken(await stack.refresh("--expect-no-changes"))).toEqual([]);
});

it("lets connections go on while the other service closes, and takes the authority back", async () => {
    stack.declare({ services: [NOTES], certificateRenewal: "up" });
    const { issuers } = (await stack.state())["relay-proxy"]!.outputs as { issuers: Record<string, Leaf> };
    const last = Object.values(issuers)
        .map(({ notAfter }) => notAfter)
        .sort()
        .at(-1);
    expect(spoken(await stack.up())).toContain(
        `relay: certificates are renewed by \`pulumi up\` again; the intermediate CA on the relay is deleted, but a copy of it could be used until ${last}`,
    );
    await expectEcho();
    expect(await alice.tcp(RELAY, 8444)).not.toBe("open");
    upstream.finish();
    expect(await slow).toMatchObject({ status: 200, body: "first half, second half" });
    expect(socket.messages.filter((message) => "closed" in message)).toEqual([]);

    const left = readdirSync(stack.place("etc"));
    expect(left.filter((name) => ["issuers", "renewals", "journal"].includes(name))).toEqual([]);
    expect(readdirSync(stack.place("run"))).not.toContain("renewal.pid");
    const [record] = stack.log().filter(({ action }) => action === "certificate_renew");
    expect(record?.message).toContain("The certificate of notes was renewed");
    expect(stack.log().filter(({ action }) => action === "ca_withdraw")).toHaveLength(2);
    const { notAfter } = certificates(await stack.state())["notes"]!;
    expect(Date.parse(notAfter)).toBeGreaterThan(Date.now() + 364 * DAY);
});

/** What the WebSocket is told comes back over it: it is the same connection since the beginning. */
async function expectEcho(): Promise<void> {
    const text = `still here ${++said}`;
    socket.tell(text);
    const answer = await socket.next((message) => message["received"] === text || "closed" in message);
    expect(answer).toEqual({ received: text });
}

async function trust(): Promise<void> {
    const { caCertificate } = await stack.outputs<{ caCertificate: string }>();
    caFile = join(lab.folder, "ca.pem");
    writeFileSync(caFile, caCertificate);
}

function asked(port: number): { address: string; port: number; ca: string } {
    return { address: RELAY, port, ca: readFileSync(caFile, "utf8") };
}

function request(port: number, more: { path: string; timeout: number }): Promise<HttpsAnswer> {
    return alice.https({ ...asked(port), ...more });
}

/** A handshake alone: the group, and the SHA-256 of the certificate that a client is shown. */
async function opened(
    port: number,
    groups: string,
    sigalgs?: string,
): Promise<{ group?: string; shown?: string; error?: string }> {
    const script = [
        'const { connect } = require("node:tls");',
        'const { readFileSync } = require("node:fs");',
        "const [host, port, ca, ecdhCurve, sigalgs] = process.argv.slice(1);",
        "const socket = connect({ host, port, ca: readFileSync(ca), ecdhCurve, sigalgs });",
        'socket.on("secureConnect", () => end({ group: socket.getEphemeralKeyInfo().name, shown: socket.getPeerCertificate().fingerprint256 }));',
        'socket.on("error", (error) => end({ error: error.code }));',
        "const end = (answer) => process.stdout.write(JSON.stringify(answer), () => process.exit());",
    ].join("\n");
    const args = [RELAY, String(port), caFile, groups, ...(sigalgs === undefined ? [] : [sigalgs])];
    return JSON.parse(await alice.run([process.execPath, "-e", script, ...args])) as {
        group?: string;
        shown?: string;
    };
}

function plain(fingerprint = ""): string {
    return fingerprint.replaceAll(":", "").toLowerCase();
}

function spelled(fingerprint: string): string {
    return fingerprint.toUpperCase().match(/../g)!.join(":");
}

interface Leaf {
    fingerprint: string;
    notBefore: string;
    notAfter: string;
}

function certificates(state: Awaited<ReturnType<Stack["state"]>>): Record<string, Leaf> {
    return state["relay-proxy"]!.outputs["certificates"] as Record<string, Leaf>;
}

/** Lets time pass for certificates, as far as the state knows. */
async function editCertificates(changes: Record<string, Partial<Leaf>>): Promise<void> {
    const file = join(stack.folder, "state.json");
    await stack.succeed(["stack", "export", "--file", file]);
    const state = JSON.parse(readFileSync(file, "utf8")) as {
        deployment: { resources: { urn: string; outputs: { certificates: Record<string, Leaf> } }[] };
    };
    const { outputs } = state.deployment.resources.find(({ urn }) => urn.endsWith("::relay-proxy"))!;
    for (const [name, change] of Object.entries(changes)) Object.assign(outputs.certificates[name]!, change);
    writeFileSync(file, JSON.stringify(state));
    await stack.succeed(["stack", "import", "--file", file]);
}
