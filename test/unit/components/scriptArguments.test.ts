import type { RelayPlain, ServicePlain } from "../../../core/arguments/index.js";
import type { AskedPeer } from "../../../components/listedPeers.js";
import { refuseEnding, refuseExpiring, refuseWithoutConnection } from "../../../components/scriptArguments.js";
import { refusal } from "../core/refusal.js";

const UNTIL = "2027-01-01T00:00:00Z";
const grants = (until?: string): Pick<RelayPlain, "grants"> => ({
    grants: [{ from: ["alice"], to: { peer: "nas" }, ports: [], until }],
});
const service = (allow: ServicePlain["allow"]) => ({ name: "wiki", plain: { allow } });

it("takes access that does not end", () => {
    refuseEnding("relay hub", grants(), [service("everyone"), service(["alice", { peer: "bob", ticket: "OPS-7" }])]);
    refuseExpiring("relay hub", []);
});

it.each<[Pick<RelayPlain, "grants">, ServicePlain["allow"], string]>([
    [grants(UNTIL), [], "grants[0].until"],
    [grants(), ["alice", { peer: "bob", until: UNTIL }], "services.wiki.allow[1].until"],
])("refuses access that ends, of %j and %j", (plain, allow, path) => {
    expect(refusal(() => refuseEnding("relay hub", plain, [service(allow)]))).toBe(
        `relay hub.${path}: is not enforced on a relay that is configured by a script; remove it, and remove the access from the program on that day`,
    );
});

it("refuses a peer that expires", () => {
    const peer = { name: "bob", plain: { expires: UNTIL } } as AskedPeer;
    expect(refusal(() => refuseExpiring("relay hub", [peer]))).toContain(
        "relay hub.peers.bob.expires: is not enforced",
    );
});

it.each<[Partial<RelayPlain>, string]>([
    [{}, "relay hub.endpoint: is missing"],
    [{ endpoint: "vpn.example.org", privateKey: "k" }, "relay hub.privateKey: would have to be in the script"],
    [
        { endpoint: "vpn.example.org", certificateRenewal: "relay" },
        'relay hub.certificateRenewal: "relay" needs a private key',
    ],
    [{ endpoint: "vpn.example.org", keyEpochs: [1, 2] }, "relay hub.keyEpochs: rotation is not supported"],
])("refuses %j", (plain, message) => {
    const all = { keyEpochs: [1], ...plain } as RelayPlain;
    expect(refusal(() => refuseWithoutConnection("relay hub", all, []))).toContain(message);
});
