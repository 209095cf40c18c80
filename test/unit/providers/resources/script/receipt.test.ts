import { faultText } from "../../../../../core/fault.js";
import { parseReceipt } from "../../../../../providers/hosts/receipt.js";
import type { ReceiptMark } from "../../../../../providers/resources/script/inputs.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import {
    genuineReceipt,
    markOf,
    receiptFailures,
    receiptOf,
} from "../../../../../providers/resources/script/receipt.js";
import { contextOf } from "../relay/lifecycle.js";
import { receiptText, type Told } from "../receipts.js";
import { KEYS } from "../relays.js";
import { scriptInputs } from "./scripts.js";

const text = (fields: Told["fields"] = {}, more: Told = {}): string => receiptText({ ...more, fields });
const failures = (more: Properties, olds?: Properties): string[] =>
    [...receiptFailures(scriptInputs(more), olds, contextOf())].map(faultText);
const mark = (fields: Told["fields"] = {}): ReceiptMark => markOf(parseReceipt(text(fields), "host.receipt"));

const FOREIGN = "host.receipt: it is of shop/dev/other, this is shop/dev/hub; give the receipt of this relay";
const CHANGED =
    "host.receipt: it is not from a script of this relay, or it was changed; paste the whole receipt again, or run the newest script for a new one";
const STRANGER = { seed: KEYS.alice };

it("a receipt of this relay has no fault, and neither has a program that gives none", () => {
    expect(failures({ receipt: text() })).toEqual([]);
    expect(failures({})).toEqual([]);
    expect(failures({ receipt: UNKNOWN, relayPublicKey: UNKNOWN })).toEqual([]);
});

it("what is not a receipt, or no key, is named where the program gives it", () => {
    expect(failures({ receipt: "pasted something else", relayPublicKey: "no key" })).toEqual([
        expect.stringMatching(/^host\.relayPublicKey: /),
        "host.receipt: is not a receipt; paste the whole receipt, from the BEGIN line to the END line",
    ]);
});

it("a receipt of another relay, or one that was changed, is refused", () => {
    expect(failures({ receipt: text({ owner: "shop/dev/other" }, STRANGER) })).toEqual([FOREIGN]);
    expect(failures({ receipt: text({}, STRANGER) })).toEqual([CHANGED]);
});

it("the code tells a receipt of this relay whatever the relay was called; without the seed it is the name that counts", () => {
    const receipt = text({ owner: "shop/dev/other" });
    expect(failures({ receipt })).toEqual([]);
    expect(failures({ receipt, seed: UNKNOWN })).toEqual([FOREIGN]);
    expect(failures({ receipt: text({}, STRANGER), seed: UNKNOWN })).toEqual([]);
});

it("the relay's key in the program and in the receipt are the same", () => {
    expect(failures({ receipt: text(), relayPublicKey: KEYS.dave })).toEqual([]);
    expect(failures({ receipt: text(), relayPublicKey: KEYS.carol })).toEqual([
        `host.relayPublicKey: the relay's key in the receipt is ${KEYS.dave}; remove relayPublicKey, or find out which relay the receipt is from`,
    ]);
});

describe("an older receipt than the one before", () => {
    const older = (now: Told["fields"], before: Told["fields"]): string[] =>
        failures({ receipt: text(now) }, { receipt: text(before) });

    it("is one of an older script, or of an earlier run of the same script", () => {
        const [first, second] = ["2026-01-02T03:04:05.678Z", "2026-01-03T00:00:00.000Z"];
        expect(older({ edition: first }, { edition: second })).toEqual([
            `host.receipt: it is of ${first}, older than the previous one of ${second}; give the newest`,
        ]);
        expect(older({ edition: second, generation: 1 }, { edition: first, generation: 9 })).toEqual([]);
        expect(older({ generation: 6 }, {})).toHaveLength(1);
        expect(older({ generation: 7 }, {})).toEqual([]);
    });

    it("is none of a relay that was set up from scratch, which counts from one again", () => {
        expect(older({ generation: 1, publicKey: KEYS.carol }, { generation: 9 })).toEqual([]);
    });
});

describe("an apply", () => {
    const taken = (more: Properties, before?: ReceiptMark): string | undefined =>
        genuineReceipt(scriptInputs(more), before, contextOf())?.edition;

    it("takes over a receipt of this relay, and goes on without one", () => {
        expect(taken({ receipt: text() })).toBe("2026-01-02T03:04:05.678Z");
        expect(taken({ receipt: text() }, mark())).toBe("2026-01-02T03:04:05.678Z");
        expect(taken({})).toBeUndefined();
    });

    it("refuses what a check that did not know the seed let pass", () => {
        expect(() => taken({ receipt: text({}, STRANGER) })).toThrow(CHANGED);
        expect(() => taken({ receipt: text({ generation: 6 }) }, mark())).toThrow(
            "host.receipt: it is older than one that was given before; give the newest",
        );
    });
});

test("what stays of a receipt in the state is enough to recognise the next", () => {
    expect(mark()).toEqual({
        edition: "2026-01-02T03:04:05.678Z",
        generation: 7,
        machine: "m1",
        publicKey: KEYS.dave,
        script: "ab".repeat(32),
    });
    expect(receiptOf({ receipt: UNKNOWN })).toBeUndefined();
});
