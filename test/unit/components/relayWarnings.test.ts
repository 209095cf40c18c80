import * as pulumi from "@pulumi/pulumi";

import { AuditSink, Relay, hosts, type Grant } from "../../../components/index.js";
import { runProgram } from "../program.js";

const KEYS = [1, 2].map((byte) => Buffer.alloc(32, byte).toString("base64")) as [string, string];

/** What is said of a relay with two peers, the second of which is the resolver. */
async function warnings(dns: string, grants: Grant[]): Promise<string[]> {
    const said: string[] = [];
    jest.spyOn(pulumi.log, "warn").mockImplementation((message) => Promise.resolve(void said.push(message)));
    await runProgram(() => {
        const peers = ["alice", "resolver"].map((name, index) => ({
            name,
            publicKey: KEYS[index]!,
            address: `10.8.0.${index + 52}`,
        }));
        new Relay("hub", {
            host: hosts.local(),
            endpoint: "192.0.2.7",
            audit: new AuditSink("audit"),
            peers,
            dns,
            grants,
        });
    });
    return said.filter((sentence) => sentence.startsWith("dns"));
}

it("warns of a resolver in the tunnel that no grant lets peers ask", async () => {
    expect(await warnings("10.8.0.53", [])).toStrictEqual([
        "dns: no grant allows alice to query 10.8.0.53 (resolver), so names do not resolve there; grant udp/53 and tcp/53 to it, or remove `dns`",
    ]);
    expect(await warnings("10.8.0.53", [{ from: "alice", to: "resolver", ports: ["udp/53", "tcp/53"] }])).toStrictEqual(
        [],
    );
    expect(await warnings("10.8.0.1", [])).toStrictEqual([
        expect.stringMatching(/^dns: 10\.8\.0\.1 is the relay itself/),
    ]);
    expect(await warnings("9.9.9.9", [])).toStrictEqual([]);
});
