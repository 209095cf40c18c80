import * as pulumi from "@pulumi/pulumi";

import { getStatus, hosts, Peer } from "../../../components/index.js";
import { mockKey } from "../../../core/mocks/index.js";
import { publicKeyOf } from "../../../core/keys/index.js";
import { currentMocks } from "../../../testing/mocks.js";
import { access, plan, valueOf } from "../../../testing/index.js";
import { HOST_KEY, KEY, mocked, office } from "./program.js";

const rejections: unknown[] = [];
const note = (reason: unknown): void => void rejections.push(reason);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));
afterEach(async () => {
    await pulumi.runtime.disconnect();
    await new Promise((resolve) => setImmediate(resolve));
    expect(rejections.splice(0)).toEqual([]);
});

it("allocates as the plugin does, and makes up keys that say so", async () => {
    await mocked();
    const { relay, bob, wiki } = office({ subnet6: "fd00:8::/64" });
    expect(await valueOf(relay.addresses)).toEqual({ alice: "10.8.0.2", bob: "10.8.0.3", nas: "10.8.0.4" });
    expect(await valueOf(relay.urlOf(wiki))).toBe("https://wiki.qp-tunnel.internal:8443");
    expect(await valueOf(relay.publicKey)).toBe(mockKey("public", "office"));
    const config = await valueOf(relay.configFor(bob));
    expect(config).toContain(`PrivateKey = ${mockKey("private", "bob")}\n`);
    expect(config).toContain("Endpoint = 192.0.2.254:51820\n");
    expect(await valueOf(relay.registry)).toMatchObject({
        bob: { address: "10.8.0.3", address6: "fd00:8::3", publicKey: mockKey("public", "bob"), status: "active" },
    });
});

it("keeps secrets secret, and nothing else", async () => {
    await mocked();
    const { relay, bob } = office();
    expect(await pulumi.isSecret(bob.privateKey!)).toBe(true);
    expect(await pulumi.isSecret(relay.configFor(bob))).toBe(true);
    expect(await pulumi.isSecret(relay.addresses)).toBe(false);
    expect(await pulumi.isSecret(relay.publicKey)).toBe(false);
});

it("has the public half of an adopted key", async () => {
    await mocked();
    const { relay } = office({ privateKey: pulumi.secret(KEY) });
    expect(await valueOf(relay.publicKey)).toBe(publicKeyOf(KEY));
});

it.each([
    ["over SSH", () => ({ host: hosts.ssh({ address: "198.51.100.7", hostKey: HOST_KEY }), keyEpochs: [1, 2] })],
    ["on a Droplet", () => ({ host: hosts.digitalOcean({ region: "fra1", reservedIp: true }) })],
    [
        "by a script",
        () => ({
            host: hosts.script({ path: "relay.sh" }),
            endpoint: "relay.example.org",
            peers: [new Peer("ann", { publicKey: KEY })],
            services: [],
            grants: [],
        }),
    ],
])("answers for a relay %s", async (_, more) => {
    await mocked();
    const { relay } = office(more());
    expect(await valueOf(relay.publicKey)).toMatch(/^mock\/public\/office\//);
    expect(await valueOf(relay.checkpoint)).toMatchObject({ size: 1 });
    expect((await plan(relay)).length).toBeGreaterThan(2);
});

it("is a preview where setMocks says so", async () => {
    await mocked({}, true);
    const { relay } = office();
    expect(await valueOf(relay.addresses)).toEqual({ alice: "10.8.0.2", bob: "10.8.0.3", nas: "10.8.0.4" });
});

it("says all that the program knows when a relay is asked how it is", async () => {
    await mocked();
    const status = await valueOf(getStatus(office().relay));
    expect(status).toMatchObject({ relay: "office", reachable: false, problem: "it is a mock, which cannot be asked" });
    expect(status.peers.map(({ name, state }) => `${name} ${state}`)).toEqual([
        "alice unknown",
        "bob unknown",
        "nas unknown",
    ]);
});

it("leaves other providers to the others, or returns their inputs", async () => {
    class Bucket extends pulumi.CustomResource {
        declare readonly arn: pulumi.Output<string>;
        declare readonly acl: pulumi.Output<string>;
        constructor() {
            super("aws:s3/bucket:Bucket", "logs", { arn: undefined, acl: "private" });
        }
    }
    await mocked({ newResource: ({ name, inputs }) => ({ id: "b-1", state: { ...inputs, arn: `arn:${name}` } }) });
    const bucket = new Bucket();
    expect(await valueOf([bucket.id, bucket.arn, bucket.acl])).toEqual(["b-1", "arn:logs", "private"]);
    await mocked();
    expect(await valueOf(new Bucket().acl)).toBe("private");
    const answer = pulumi.runtime.invoke("aws:index:getRegion", { region: "eu" });
    expect(await answer).toEqual({ region: "eu" });
    await mocked({ call: () => ({ region: "us" }) });
    expect(await pulumi.runtime.invoke("aws:index:getRegion", {})).toEqual({ region: "us" });
});

it("fails where the plugin refuses the program, with what it says", async () => {
    await mocked();
    const nas = new Peer("nas");
    const { relay } = office({ peers: [{ peer: nas, address: "10.9.0.1" }], services: [], grants: [] });
    const outside =
        'peers.nas.address: "10.9.0.1" is outside 10.8.0.0/24; choose one from 10.8.0.2 to 10.8.0.254, or leave it out to have one allocated';
    await expect(valueOf(relay.addresses)).rejects.toThrow(outside);
    await expect(access(relay)).rejects.toThrow(outside);
    await expect(plan(relay)).rejects.toThrow(outside);
});

it("is recognised, and other mocks are not taken for it", async () => {
    const plugin = await mocked();
    expect(currentMocks()).toBe(plugin);
    await pulumi.runtime.setMocks({ newResource: ({ inputs }) => ({ id: "1", state: inputs }), call: () => ({}) });
    expect(currentMocks()).toBeUndefined();
});
