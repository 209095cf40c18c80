import { keyAge } from "../../../policies/keyAge.js";
import { inStack, saidOfStack, withUnknown } from "./analyzed.js";

const DAY = 24 * 3600 * 1000;
const since = (days: number): string => new Date(Date.now() - days * DAY).toISOString();
const old = { status: "active", since: since(400) };
const options = { maxDays: 365, except: [] as string[] };

const relay = (registry: object, name = "office"): ReturnType<typeof inStack> =>
    inStack("WireGuard", `${name}-wireguard`, { registry });

test("keys within the limit are accepted, and revoked ones", () => {
    const registry = { alice: { status: "active", since: since(364) }, bob: { ...old, status: "revoked" } };
    expect(saidOfStack(keyAge, [relay(registry)], options)).toEqual([]);
});

test("an older key is refused, on each relay and in the registry of a script", () => {
    const script = inStack("Script", "branch-script", { registry: { bob: old } });
    expect(saidOfStack(keyAge, [relay({ alice: old }), script], options)).toEqual([
        `urn:office-wireguard: relay office: the key of peer alice has been in use since ${old.since} (400 days), and 365 days are allowed; rotate it`,
        `urn:branch-script: relay branch: the key of peer bob has been in use since ${old.since} (400 days), and 365 days are allowed; rotate it`,
    ]);
});

test("exceptions are left out, and the relay as the peer of a managed peer's interface", () => {
    expect(saidOfStack(keyAge, [relay({ alice: old })], { ...options, except: ["alice"] })).toEqual([]);
    const leaf = inStack("WireGuard", "office-nas-wireguard", { registry: { office: old } }, "ManagedPeer");
    expect(saidOfStack(keyAge, [leaf], options)).toEqual([]);
});

test("a registry that a preview does not know is left to the engine to report, after the other relays", () => {
    const changed = inStack("WireGuard", "office-wireguard", withUnknown({}, "registry"));
    const said: string[] = [];
    const ask = (): void => keyAge.stack!([changed, relay({ bob: old }, "branch")], options, (text) => said.push(text));
    expect(ask).toThrow("registry can't be known during preview");
    expect(said).toEqual([expect.stringMatching(/^relay branch: the key of peer bob /)]);
});

test("a relay that a preview creates has no keys yet", () => {
    const created = [
        inStack("Seed", "office-seed", withUnknown({}, "seed")),
        inStack("WireGuard", "office-wireguard", withUnknown({}, "registry")),
    ];
    expect(saidOfStack(keyAge, created, options)).toEqual([]);
});
