import { parseReceipt } from "../../../../../providers/hosts/receipt.js";
import { readScriptOutputs, type Served } from "../../../../../providers/resources/script/inputs.js";
import { markOf } from "../../../../../providers/resources/script/receipt.js";
import {
    isNews,
    scriptSentences,
    servedOf,
    unreadableSentence,
} from "../../../../../providers/resources/script/sentences.js";
import type { ChangeKind, Properties } from "../../../../../providers/resources/resource.js";
import { receiptText, type Told } from "../receipts.js";
import { KEYS } from "../relays.js";
import { NOTES, scriptChange, scriptInputs } from "./scripts.js";

const EDITION = "2026-01-02T03:04:05.678Z";
const WRITTEN = "hub: relay.sh is written; the following changes take effect when it is run on the relay";
const receipt = (told: Told = {}) => parseReceipt(receiptText(told), "host.receipt");
const mark = markOf(receipt());
const services = { notes: NOTES };

const updated = (
    olds: Properties,
    news: Properties,
    changes: Record<string, ChangeKind>,
    outputs: Properties = {},
): string[] => scriptSentences(scriptChange(news, { inputs: olds, outputs }), changes);

describe("the first script", () => {
    it("does everything, when it is run; services wait for the receipt", () => {
        const said = scriptSentences(scriptChange({ services }), {});
        expect(said[0]).toBe(WRITTEN);
        expect(said).toContain("hub: alice will be added at 10.8.0.2");
        expect(said).toContain("hub: service notes opens on port 8443, for 10.8.0.3:3000");
        expect(said.at(-1)).toBe(
            "hub: notes stays closed until the relay's receipt has requested a certificate and the next script is run",
        );
        const several = scriptSentences(
            scriptChange({ services: { notes: NOTES, wiki: { ...NOTES, port: 8444 } } }),
            {},
        );
        expect(several.at(-1)).toContain("hub: notes and wiki stay closed until");
    });
});

describe("a later script", () => {
    it("does what changes, and nothing is said where nothing does", () => {
        expect(updated({}, {}, {})).toEqual([]);
        const said = updated({}, { rules: {} }, { "rules.alice": "delete" });
        expect(said[0]).toBe(WRITTEN);
        expect(said.join("\n")).toContain("alice is no longer allowed to reach");
        expect(said.join("\n")).not.toContain("listens on UDP port");
    });

    it("tells of a new name of the relay, which needs no script", () => {
        expect(updated({ relay: "office" }, {}, {})).toEqual([
            "hub: is renamed from shop/dev/office to shop/dev/hub: keys, addresses, sessions and access rules of its peers stay",
        ]);
    });
});

describe("a receipt", () => {
    const text = receiptText({ peers: [KEYS.alice] });
    const accepted = `hub: the receipt of ${EDITION} is accepted: 1 peer on the interface`;

    it("is accepted once", () => {
        expect(updated({}, { receipt: text }, {})).toEqual([accepted]);
        expect(updated({}, { receipt: text }, {}, { receipt: mark })).toEqual([]);
    });

    it("of a relay with a different key says what that means for every peer", () => {
        expect(updated({}, { receipt: text }, {}, { publicKey: KEYS.dave })).toEqual([accepted]);
        expect(updated({}, { receipt: text }, {}, { publicKey: KEYS.carol })).toEqual([
            accepted,
            "hub: the relay has a different key: every peer needs its new configuration",
        ]);
    });

    it("that asks for a certificate has the next script written, which carries it", () => {
        const asking = receiptText({ requests: { notes: "PEM\n" } });
        const certificate = { file: "f", fingerprint: "", notBefore: "", notAfter: "", certificate: "", request: "" };
        const certificates = { notes: certificate };
        expect(updated({ services }, { services, receipt: asking }, {})).toContain(WRITTEN);
        const before = { ...mark, generation: 6 };
        expect(
            updated({ services }, { services, receipt: asking }, {}, { certificates, receipt: before }),
        ).not.toContain(WRITTEN);
        // Set up from scratch, it has new keys.
        const rebuilt = { certificates, receipt: { ...before, publicKey: KEYS.carol } };
        expect(updated({ services }, { services, receipt: asking }, {}, rebuilt)).toContain(WRITTEN);
    });
});

test("a receipt is news unless it is of the same run of the same script on the same relay", () => {
    const outputs = readScriptOutputs({ receipt: mark });
    expect(isNews(undefined, outputs)).toBe(false);
    expect(isNews(receipt(), outputs)).toBe(false);
    expect(isNews(receipt(), undefined)).toBe(true);
    expect(isNews(receipt({ fields: { generation: 8 } }), outputs)).toBe(true);
    expect(isNews(receipt({ fields: { edition: "2026-02-02T03:04:05.678Z" } }), outputs)).toBe(true);
    expect(isNews(receipt({ fields: { publicKey: KEYS.carol } }), outputs)).toBe(true);
});

test("a refresh says that the relay cannot be read, and of which script its last receipt is", () => {
    const said = (outputs: Properties): string => unreadableSentence(scriptInputs(), readScriptOutputs(outputs));
    const start = "hub: there is no connection to this relay, so it cannot be read;";
    expect(said({})).toBe(`${start} no receipt has come back yet`);
    const last = `${start} its last receipt is of script ${"ab".repeat(8)} (${EDITION}), generation 7`;
    expect(said({ receipt: mark, sha256: mark.script })).toBe(last);
    expect(said({ receipt: mark, sha256: "cd".repeat(32) })).toBe(`${last}; the newest script has not come back`);
});

test("a service is open when the last receipt says so", () => {
    const inputs = scriptInputs({ services });
    const state = (told: Told | undefined, before: Served = {}): Served =>
        servedOf(inputs, told === undefined ? undefined : receipt(told), before);
    expect(state(undefined)).toEqual({
        notes: {
            url: "https://notes.qp-tunnel.internal:8443",
            addressUrl: "https://10.8.0.1:8443",
            port: 8443,
            upstream: "10.8.0.3:3000",
            state: "waits",
        },
    });
    const open = state({ services: { notes: "open" } });
    expect(open).toMatchObject({ notes: { state: "open" } });
    expect(state(undefined, open)).toEqual(open);
    expect(state({ services: { notes: "closed" } }, open)).toMatchObject({ notes: { state: "waits" } });
    expect(state({}, open)).toMatchObject({ notes: { state: "waits" } });
});
