import fc from "fast-check";

import type { EffectClass } from "../../../../core/review/model.js";
import { effectClass, effectClasses } from "../../../../providers/resources/effectClass.js";
import { anyEdits, applied, program } from "./edits.js";
import { ledgerOf, previewOf } from "./programs.js";
import { peersBetween } from "./said.js";

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Sentences after which every connection goes on, by how they begin or end. */
const CONTINUES = [
    /(?:connections|sessions) continue\b/,
    /^hub: \S+ is now called /,
    /^hub: \S+ (?:no longer expires|expires on|no longer routes|routes|also gets|loses) ?/,
    /^hub: .* (?:no longer expire|expire on|no longer route|route|are renamed|get IPv6 addresses|lose their IPv6 addresses|get new IPv6 addresses)/,
    /^hub: \S+ moves from fd/,
    / still allowed to reach /,
    /^hub: (?:is checked again|the firewall |networks reached through|enables forwarding|no longer forwards|the access rules are reloaded)/,
    /^hub: the tunnel's (?:IPv6 )?network changes from /,
    /^hub: the proxy reloads its configuration: .* all others continue$/,
    /^hub: services (?:are named|listen on|get certificates of a new CA)/,
    /^hub: service \S+ (?:also accepts clients|presents its)/,
    /^hub: moves from .*, with the same keys and addresses; /,
];

it("finds in each sentence of a preview the words of one class, or of none where connections continue", async () => {
    await fc.assert(
        fc.asyncProperty(program, anyEdits, async (base, edits) => {
            for (const sentence of await previewOf(base, applied(base, edits))) {
                const classes = effectClasses(sentence);
                const isOther = classes.length === 0 && CONTINUES.some((words) => words.test(sentence));
                expect({ sentence, classes: isOther ? ["other"] : classes }).toEqual({
                    sentence,
                    classes: [expect.any(String)],
                });
            }
        }),
        { numRuns: 80, seed: 20261130 },
    );
});

it("finds who is added and who is cut off where somebody is", async () => {
    await fc.assert(
        fc.asyncProperty(program, anyEdits, async (base, edits) => {
            const next = applied(base, edits);
            const then = ledgerOf(base, undefined);
            const { added, cut } = peersBetween(base, next, then, ledgerOf(next, then));
            const found = new Set((await previewOf(base, next)).map(effectClass));
            expect(found.has("added")).toBe(added.length > 0);
            expect(found.has("cut") || found.has("expired")).toBe(cut.length > 0);
        }),
        { numRuns: 80, seed: 20261130 },
    );
});

const EACH: [EffectClass, string][] = [
    ["log", "audit log: 18 records, head 065efcf23346b859, verified"],
    ["cut", "hub: a, b and c (3 peers) are cut off at once, running connections included; their addresses stay reserved, their keys stay revoked"],
    ["expired", "hub: a, b and c (9 peers) expired and were cut off then by the relay"],
    ["interrupted", "hub: the relay's UDP port changes from 51820 to 51821: every peer needs its new configuration"],
    ["interrupted", "hub: the relay's own key changes: every peer is cut off until it uses its new configuration"],
    ["interrupted", "hub: nas gets a new preshared key: it stays connected for two to three minutes, then only with the new configuration"],
    ["interrupted", "hub: nas gets a new key: the old configuration works until the new one is used, for 7 days at most"],
    ["interrupted", "hub: retiring key epoch 1 (its interface and port are removed): nas had not switched at the last check: cut off at once, until the new configuration is in use; peers that have switched are not affected"],
    ["interrupted", "hub: key epoch 2 is cancelled: nas was using it at the last check and is cut off until the former configuration is in use again; other peers are not affected"],
    ["interrupted", "hub: the update will determine which machine this is: a different one is set up from scratch, with the same keys and addresses, and every peer reconnects"],
    ["interrupted", "hub: is taken down as a-wg0 and brought up as b-wg0: every peer is interrupted, up to 15 s until its next handshake"],
    ["interrupted", "hub/nas: follows the relay at 203.0.113.1:51820; interrupted for one handshake"],
    ["interrupted", "hub/nas: its address changes from 10.8.0.2 to 10.8.0.3: its connections end"],
    ["interrupted", "hub: service wiki changes its port from 8443 to 8444; its clients reconnect"],
    ["other", "hub: key epoch 2 begins: a new key on wg0b, UDP port 51821, for the same peers; no peer is affected, every configuration in use keeps working; hand out the new ones and let peers switch when it suits them"],
    ["unaffected", "hub: no peer is affected: 3 peers keep their key, address and session"],
    ["lost", "hub: alice is no longer allowed to reach 10.8.0.3 tcp/22; running connections end at once"],
    ["gained", "hub: bob is allowed to reach 10.8.0.3 tcp/22, as alice was until now"],
    ["opened", "hub: service wiki opens on port 8443, for 10.8.0.3:3000"],
    ["closed", "hub: service wiki on port 8443 closes at once"],
    ["other", "hub: is set up on this machine"],
]; // prettier-ignore

it.each(EACH)("%s: %s", (effect, sentence) => {
    expect(effectClass(sentence)).toBe(effect);
    expect(effectClasses(sentence)).toEqual(effect === "other" ? [] : [effect]);
});
