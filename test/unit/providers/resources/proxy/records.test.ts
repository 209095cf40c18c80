import { issuerOutcomes, restoredServices } from "../../../../../providers/resources/proxy/records.js";
import { NOTHING_REMOVED } from "../../../../../providers/resources/relay/removedFirst.js";
import { contextOf } from "../relay/lifecycle.js";
import { PLACE } from "../relays.js";

const issuer = (fingerprint: string) => ({
    certificate: "x",
    fingerprint,
    notBefore: "2026-01-01T00:00:00Z",
    notAfter: "2027-01-01T00:00:00Z",
});
const details = (algorithm: string, fingerprint: string) => ({
    relay: "hub",
    algorithm,
    fingerprint,
    not_after: "2027-01-01T00:00:00Z",
});

it("an intermediate CA that is installed, renewed or removed is recorded by its fingerprint", () => {
    const then = { issuers: { ed25519: issuer("a"), "ecdsa-p256": issuer("b") } };
    expect(issuerOutcomes("hub", then, { issuers: { "ecdsa-p256": issuer("c") } })).toEqual([
        {
            action: "ca_delegate",
            message: "Installed an ecdsa-p256 intermediate CA on relay hub for certificate renewal",
            details: details("ecdsa-p256", "c"),
        },
        {
            action: "ca_withdraw",
            message: "Removed the ed25519 intermediate CA from relay hub",
            details: details("ed25519", "a"),
        },
    ]);
    expect(issuerOutcomes("hub", then, then)).toEqual([]);
    expect(issuerOutcomes("hub", undefined, {})).toEqual([]);
});

it("services that were closed since are opened again where the program has them", () => {
    const service = { port: 1, upstream: "x", certificate: "ed25519", keyExchange: "require" } as const;
    const inputs = { ...PLACE, services: { wiki: service, files: service } };
    const removed = { ...NOTHING_REMOVED, services: new Set(["wiki", "files", "gone"]) };
    expect(restoredServices({ inputs, context: contextOf(), removed })).toEqual(["files", "wiki"]);
    expect(restoredServices({ inputs, context: contextOf() })).toEqual([]);
});
