import { ExposedService, hosts } from "../../../components/index.js";
import { made, warnings } from "./relays.js";

const script = () => ({
    host: hosts.script({ path: "relay.sh" }),
    services: [new ExposedService("wiki", { upstream: "127.0.0.1:80", allow: "everyone" as const })],
});

it("makes one script of what five resources are told elsewhere, without a key of the relay", async () => {
    const { of, all } = await made(script);
    expect(all.map(({ type }) => type.replace("qptunnel:index:", "")).sort()).toEqual(
        ["AuditCheckpoint", "AuditSink", "CertificateAuthority", "CertificateAuthority", "ExposedService", "Registry"]
            .concat(["Relay", "Script", "Seed"])
            .sort(),
    );
    expect(of("hub-script")).toMatchObject({
        host: { kind: "script", path: "relay.sh" },
        subnet: "10.8.0.0/24",
        address: "10.8.0.1",
        interfaces: ["wg0"],
        peers: { alice: { address: "10.8.0.2" } },
        services: { wiki: { port: 8443, upstream: "127.0.0.1:80" } },
        rules: { alice: ["10.8.0.2 -> 10.8.0.1 tcp/8443"] },
    });
    // Nobody could confirm within that time.
    expect(of("hub-script")).not.toHaveProperty("confirmTimeout");
    expect(of("hub-script")).not.toHaveProperty("privateKeys");
});

it("is told what came back from the relay", async () => {
    const relayPublicKey = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
    const { of } = await made(() => ({ host: hosts.script({ path: "relay.sh", relayPublicKey }) }));
    expect(of("hub-script")["relayPublicKey"]).toBe(relayPublicKey);
});

it("cannot leave a private key on the relay", async () => {
    const args = () => ({ ...script(), certificateRenewal: "relay" as const });
    await expect(made(args)).rejects.toThrow(
        'relay hub.certificateRenewal: "relay" needs a private key on the relay, and a script must not contain one; remove it: a new script renews the certificates',
    );
});

it("does not warn of a key that is known", async () => {
    const said = warnings();
    await made(script);
    expect(said).toEqual([]);
});
