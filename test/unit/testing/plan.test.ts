import * as pulumi from "@pulumi/pulumi";

import { AuditSink, hosts, Peer, Relay } from "../../../components/index.js";
import { plan } from "../../../testing/index.js";
import { KEY, mocked, office } from "./program.js";

it("says of a relay what the preview of a first deployment says, and then of its managed peers", async () => {
    await mocked();
    const { relay } = office();
    expect(await plan(relay)).toEqual([
        "office: is set up on this machine",
        "office: all traffic is denied unless a service or a grant allows it",
        "office: listens on UDP port 51820",
        "office: alice will be added at 10.8.0.2",
        "office: bob will be added at 10.8.0.3",
        "office: nas will be added at 10.8.0.4, routing 192.168.7.0/24",
        "office: service wiki opens on port 8443, for 10.8.0.4:3000",
        "office: the relay's proxy is allowed to reach 10.8.0.4 tcp/3000",
        "office: alice is allowed to reach 10.8.0.1 tcp/8443 and 10.8.0.4 tcp/22",
        "office: bob is allowed to reach 10.8.0.4 tcp/22",
        "office/nas: is set up on root@192.0.2.9",
        "office/nas: all traffic is denied unless a service or a grant allows it",
        "office/nas: enables forwarding on the interface to 192.168.7.0/24, for tunnel connections only; other traffic is forwarded there only if the machine did so before",
        "office/nas: wg0 connects to the relay, to 10.8.0.0/24",
        "office/nas: its own firewall gets the relay's access rules that concern it",
    ]);
});

it("does not know yet what machine a cloud will make", async () => {
    await mocked();
    const { relay } = office({ host: hosts.digitalOcean({ region: "fra1" }), peers: [], services: [], grants: [] });
    expect(await plan(relay)).toEqual([
        "office: the SSH host key in the machine's user-data is used for one connection, which replaces it",
        "office: is set up on a machine that does not exist yet",
        "office: all traffic is denied unless a service or a grant allows it",
        "office: listens on UDP port 51820",
        "office: no peers yet",
    ]);
});

it("tells relays apart, and says warnings as well", async () => {
    await mocked();
    const audit = new AuditSink("audit");
    const gone = new Peer("gone", { publicKey: KEY, expires: "2020-01-01T00:00:00Z" });
    const [north, south] = ["north", "south"].map(
        (name) => new Relay(name, { host: hosts.local(), audit, peers: [gone], interface: `wg-${name}` }),
    ) as [Relay, Relay];
    expect(await plan(south)).toEqual([
        "south: gone (2020-01-01T00:00:00Z) expired before being added and is not added",
        "south: is set up on this machine",
        "south: all traffic is denied unless a service or a grant allows it",
        "south: listens on UDP port 51820",
        "south: no peers yet",
    ]);
    expect((await plan(north)).every((sentence) => sentence.startsWith("north: "))).toBe(true);
});

it("needs mocks that say something", async () => {
    await pulumi.runtime.setMocks({ newResource: ({ inputs }) => ({ id: "1", state: inputs }), call: () => ({}) });
    const { relay } = office();
    await expect(plan(relay)).rejects.toThrow(
        'plan: needs mocks that answer as the plugin does; call pulumi.runtime.setMocks(mocks()) first, with mocks from "pulumi-qp-tunnel/testing"',
    );
});
