import { ExposedService } from "../../../components/index.js";
import { ofEach, type Authorities } from "../../../components/authorities.js";
import { runProgram } from "../program.js";
import { hub, made } from "./relays.js";

const service = (certificate?: "ed25519" | "ecdsa-p256" | "both") => () => ({
    services: [
        new ExposedService("wiki", { upstream: "127.0.0.1:80", ...(certificate === undefined ? {} : { certificate }) }),
    ],
});
const BOTH = ["hub-ca", "hub-ca-ecdsa-p256"];

it.each([
    [undefined, BOTH],
    ["both", BOTH],
    ["ecdsa-p256", BOTH],
    ["ed25519", ["hub-ca"]],
] as const)(
    "a relay has a CA for each algorithm that its services use, and Ed25519 always (%s)",
    async (certificate, names) => {
        const { named } = await made(service(certificate));
        expect(named("CertificateAuthority")).toEqual(names);
    },
);

it("is for the relay's names and networks alone", async () => {
    const { of } = await made(service());
    const { audit, ...told } = of("hub-ca-ecdsa-p256");
    expect(audit).toMatchObject({ path: "audit/prod.jsonl" });
    expect(told).toMatchObject({
        relay: "hub",
        appName: "qp-tunnel",
        subnet: "10.8.0.0/24",
        algorithm: "ecdsa-p256",
    });
    expect((await made()).named("CertificateAuthority")).toEqual(["hub-ca"]);
});

it("clients trust all of them", async () => {
    const { outputs } = await runProgram(() => ({ trusted: hub(service()()).caCertificate }));
    expect(outputs.trusted).toBe("-----BEGIN CERTIFICATE-----\n".repeat(2));
});

test("an output of each is told by algorithm", () => {
    const output = (name: string): string => `its ${name}`;
    const authorities = { ed25519: { output } } as unknown as Authorities;
    expect(ofEach(authorities, "privateKey")).toEqual({ ed25519: "its privateKey" });
});
