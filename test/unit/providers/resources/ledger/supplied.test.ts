import {
    awaitedChanges,
    awaitedPeers,
    awaitedSentences,
    suppliedIn,
} from "../../../../../providers/resources/ledger/supplied.js";
import { UNKNOWN } from "../../../../../providers/resources/resource.js";

const KNOWN = { routes: { nas: ["192.168.7.0/24"] }, expires: { bob: "2027-01-01T00:00:00Z" }, peers: {} };
const SOME = {
    routes: { nas: UNKNOWN, lab: UNKNOWN },
    expires: { bob: UNKNOWN, nas: "2027-01-01T00:00:00Z" },
} as const;

it("what is known changes nothing by itself, and what is not may change", () => {
    expect(awaitedChanges(undefined)).toEqual({});
    expect(awaitedChanges(KNOWN)).toEqual({});
    expect(awaitedChanges({ ...SOME, peers: UNKNOWN })).toEqual({
        "supplied.routes.nas": "update",
        "supplied.routes.lab": "update",
        "supplied.expires.bob": "update",
        "supplied.peers": "update",
    });
    expect(awaitedPeers(KNOWN)).toEqual([]);
    expect(awaitedPeers(SOME).sort()).toEqual(["bob", "lab", "nas"]);
});

it("says what is not known, and of whom", () => {
    expect(awaitedSentences(KNOWN)).toEqual([]);
    expect(awaitedSentences({ ...SOME, peers: UNKNOWN })).toEqual([
        "which other peers there are is not known before the update: another resource supplies a list of them; until then none of them is added or removed",
        "the networks behind lab and nas are not known before the update: another resource supplies them",
        "when bob expires is not known before the update: another resource supplies it",
    ]);
    expect(awaitedSentences({ expires: { bob: UNKNOWN, alice: UNKNOWN } })).toEqual([
        "when alice and bob expire is not known before the update: another resource supplies it",
    ]);
});

it("hands on what is known", () => {
    expect(suppliedIn({ ...SOME, peers: UNKNOWN }, () => ({}))).toEqual({
        routes: { nas: undefined, lab: undefined },
        expires: { bob: undefined, nas: "2027-01-01T00:00:00Z" },
        peers: { known: undefined },
    });
    expect(suppliedIn(KNOWN, () => ({ dora: {} })).peers).toEqual({ known: { dora: {} } });
    expect(suppliedIn(undefined, () => ({}))).toEqual({ routes: {}, expires: {} });
});
