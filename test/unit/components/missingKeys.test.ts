import * as pulumi from "@pulumi/pulumi";

import { AuditSink, hosts, Peer, type RelayArgs } from "../../../components/index.js";
import { type MissingKeys, missingKeys } from "../../../components/missingKeys.js";
import { resolveRelay } from "../../../components/relayArguments.js";
import { type State, withState } from "./engineState.js";
import { KEY, OTHER } from "./relays.js";

const IN_RELAY = "urn:pulumi:prod::office::qptunnel:index:Relay$qptunnel:index:";
const RELAY_PAIR = { [`${IN_RELAY}KeyPair::hub-key`]: { publicKey: "K1" } };
const NAS_PAIR = {
    "urn:pulumi:prod::office::qptunnel:index:Peer$qptunnel:index:KeyPair::nas-key": { publicKey: "N1" },
};
const AUTHORITY = { [`${IN_RELAY}CertificateAuthority::hub-ca`]: { certificate: "PEM" } };
const interfaceOf = (nas: string, epochs: object = { 1: { publicKey: "K1" } }): State => ({
    [`${IN_RELAY}WireGuard::hub-wireguard`]: {
        registry: { alice: `10.8.0.2 ${KEY} active since 2026-01-01T00:00:00Z`, nas },
        epochs: epochs,
    },
});
const NAS = "10.8.0.3 N1 active since 2026-01-01T00:00:00Z";
const WHOLE: State = { ...RELAY_PAIR, ...NAS_PAIR, ...AUTHORITY, ...interfaceOf(NAS) };

/** What a relay with alice, who has her own key, and nas, whose key is generated, has to ask the log. */
async function missing(
    state: State,
    args: () => Partial<RelayArgs> = () => ({}),
    options: pulumi.ComponentResourceOptions = {},
): Promise<MissingKeys | undefined> {
    let found: MissingKeys | undefined;
    await withState(state, async () => {
        const parent = new pulumi.ComponentResource("qptunnel:index:Relay", "hub", {}, options);
        const peers = [{ name: "alice", publicKey: KEY }, new Peer("nas")];
        const audit = new AuditSink("audit");
        const resolved = resolveRelay("hub", { host: hosts.local(), peers, audit, ...args() });
        found = await missingKeys(parent, "hub", resolved);
    });
    return found;
}

it("is nothing while the state has every generated key that the interface uses", async () => {
    expect(await missing(WHOLE)).toBeUndefined();
});

it("is nothing for a peer or an epoch that the interface does not have, nor for a peer that was removed from it", async () => {
    const peers = (): Partial<RelayArgs> => ({ peers: [new Peer("nas"), new Peer("new")], keyEpochs: [1, 2] });
    expect(await missing(WHOLE, peers)).toBeUndefined();
    const { [Object.keys(NAS_PAIR)[0]!]: _, ...without } = WHOLE;
    const revoked = "10.8.0.3 N1 revoked since 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z by kim@laptop";
    expect(await missing({ ...without, ...interfaceOf(revoked) })).toBeUndefined();
});

it("is a key that the interface uses and no pair in the state has, or had", async () => {
    expect(await missing({ ...WHOLE, ...interfaceOf(NAS.replace("N1", "N0")) })).toEqual({
        peers: "nas",
        held: "K1 N1",
    });
    const [urn] = Object.keys(NAS_PAIR);
    const rotated = { ...WHOLE, [urn!]: { publicKey: "N2", former: ["N0", "N1"] } };
    expect(await missing(rotated)).toBeUndefined();
    expect(await missing({ ...rotated, ...interfaceOf(NAS.replace("N1", "N0")) })).toBeUndefined();
    expect(await missing({ ...WHOLE, ...interfaceOf(NAS, { 1: { publicKey: "K0" } }) })).toEqual({
        epochs: "1",
        held: "K1 N1",
    });
});

it("is every generated key, where the state does not say which the interface uses", async () => {
    const { [`${IN_RELAY}WireGuard::hub-wireguard`]: _, ...without } = WHOLE;
    expect(await missing(without)).toEqual({ epochs: "1", peers: "nas", held: "K1 N1" });
    expect(await missing({})).toEqual({ epochs: "1", peers: "nas", authorities: "ed25519", held: "" });
});

it("is no key that the program gives, or that the relay makes", async () => {
    const peers = [{ name: "alice", publicKey: OTHER }];
    const given = { peers, privateKey: KEY };
    expect(await missing(AUTHORITY, () => given)).toBeUndefined();
    expect(await missing(AUTHORITY, () => ({ peers, identity: "host" }))).toBeUndefined();
    expect(await missing(AUTHORITY, () => ({ ...given, keyEpochs: [1, 2] }))).toEqual({ epochs: "2", held: "" });
});

it("is each authority that the state does not have, under a former name of the relay neither", async () => {
    const { [Object.keys(AUTHORITY)[0]!]: _, ...without } = WHOLE;
    expect(await missing(without)).toEqual({ authorities: "ed25519", held: "K1 N1" });
    const former = Object.fromEntries(
        Object.entries(WHOLE).map(([urn, each]) => [urn.replace("::hub-", "::lab-"), each]),
    );
    expect(await missing(former, undefined, { aliases: [{ name: "lab" }] })).toBeUndefined();
});
