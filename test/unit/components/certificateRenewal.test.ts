import { AuditSink, Relay, hosts } from "../../../components/index.js";
import { runProgram } from "../program.js";

const program = (host: () => ReturnType<typeof hosts.local>, certificateRenewal?: "up" | "relay") =>
    runProgram(() => {
        const chosen = certificateRenewal === undefined ? {} : { certificateRenewal };
        new Relay("hub", { host: host(), endpoint: "192.0.2.7", audit: new AuditSink("audit"), peers: [], ...chosen });
    });

it.each([undefined, "up"] as const)(
    "no authority is left on a relay unless the program says so (%s)",
    async (renewal) => {
        const { registered } = await program(() => hosts.local(), renewal);
        const [proxy] = registered.filter(({ type }) => type === "qptunnel:index:Proxy");
        expect(proxy?.inputs).not.toHaveProperty("renewal");
    },
);

it("a relay may renew certificates by itself", async () => {
    const { registered } = await program(() => hosts.local(), "relay");
    const [proxy] = registered.filter(({ type }) => type === "qptunnel:index:Proxy");
    expect(proxy?.inputs["renewal"]).toBe("relay");
});

it("but not one that a script sets up: a script holds no private key", async () => {
    await expect(program(() => hosts.script({ path: "relay.sh" }), "relay")).rejects.toThrow(
        'relay hub.certificateRenewal: "relay" needs a private key on the relay, and a script must not contain one; remove it: a new script renews the certificates',
    );
});
