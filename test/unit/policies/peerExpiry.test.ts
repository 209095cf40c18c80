import { peerExpiry } from "../../../policies/peerExpiry.js";
import { analyzed, saidOf } from "./analyzed.js";

const DAY = 24 * 3600 * 1000;
const inDays = (days: number): string => new Date(Date.now() + days * DAY).toISOString();
const said = (peers: object, options: { peers: string[]; maxDays?: number }): string[] =>
    saidOf(peerExpiry, analyzed("Registry", { peers }), options);

test("a peer that expires is accepted", () => {
    expect(said({ eve: { expires: inDays(30) } }, { peers: ["*"] })).toEqual([]);
    expect(said({ eve: { expires: inDays(30) } }, { peers: ["*"], maxDays: 31 })).toEqual([]);
});

test("a peer of the group that does not expire is refused", () => {
    const peers = { "contractor-eve": {}, "contractor-mallory": { expires: inDays(1) }, nas: {} };
    expect(said(peers, { peers: ["contractor-*"] })).toEqual([
        "relay office: peer contractor-eve does not expire; set expires",
    ]);
    expect(said(peers, { peers: ["*"] })).toHaveLength(2);
    expect(said(peers, { peers: [] })).toEqual([]);
});

test("an expiry beyond the limit is refused", () => {
    const expires = inDays(100);
    expect(said({ eve: { expires } }, { peers: ["*"], maxDays: 90 })).toEqual([
        `relay office: peer eve expires on ${expires}, more than 90 days from now; set an earlier expires`,
    ]);
});

test("an expiry that a preview does not know yet is judged in the update", () => {
    const judged = (peers: object): string[] =>
        saidOf(peerExpiry, analyzed("Registry", { peers, supplied: { expires: { eve: "" } } }), { peers: ["*"] });
    expect(judged({ eve: {} })).toEqual([]);
    expect(judged({ eve: {}, mallory: {} })).toEqual(["relay office: peer mallory does not expire; set expires"]);
});
