import { createHash } from "node:crypto";

import { InvalidArgument } from "../../../../core/errors.js";
import { receiptKey } from "../../../../core/keys/index.js";
import { isGenuine, parseReceipt, receiptPads } from "../../../../providers/hosts/receipt.js";
import { receiptText, SEED } from "../resources/receipts.js";
import { KEYS } from "../resources/relays.js";

const text = receiptText({
    peers: [KEYS.alice, KEYS.bob],
    removed: [KEYS.carol],
    services: { notes: "open", wiki: "closed" },
    requests: { notes: "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n" },
});

const refusal = (given: string): string => {
    try {
        parseReceipt(given, "host.receipt");
    } catch (error) {
        expect(error).toBeInstanceOf(InvalidArgument);
        return (error as Error).message;
    }
    return "accepted";
};

describe("a receipt", () => {
    it("says what the script found", () => {
        const { content: _content, code: _code, ...said } = parseReceipt(text, "host.receipt");
        expect(said).toStrictEqual({
            owner: "shop/dev/hub",
            edition: "2026-01-02T03:04:05.678Z",
            script: "ab".repeat(32),
            generation: 7,
            machine: "m1",
            publicKey: KEYS.dave,
            peers: { [KEYS.alice]: ["10.8.0.2/32"], [KEYS.bob]: ["10.8.0.3/32"] },
            removed: [KEYS.carol],
            services: { notes: "open", wiki: "closed" },
            requests: { notes: "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n" },
        });
    });

    it("is read from the middle of a message, indented and with other line ends", () => {
        const mailed = `Hello,\r\n\r\n${text.replace(/^/gm, "   ").replaceAll("\n", "\r\n")}\r\nBye`;
        expect(parseReceipt(mailed, "host.receipt")).toStrictEqual(parseReceipt(text, "host.receipt"));
    });

    it("is the same whatever the relay's appName is", () => {
        const branded = text.replaceAll("QP-TUNNEL", "CORP-VPN2");
        expect(parseReceipt(`${branded}\n`, "host.receipt")).toStrictEqual(parseReceipt(text, "host.receipt"));
        expect(refusal(text.replace("BEGIN QP-TUNNEL", "BEGIN CORP"))).toContain("is not a receipt");
    });

    it.each<[string, (receipt: string) => string]>([
        ["in an answer to a message", (receipt) => receipt.replace(/^/gm, "> ")],
        ["in an answer to an answer", (receipt) => receipt.replace(/^/gm, ">> > ").replaceAll("\n", "\r\n")],
        ["with bars beside it", (receipt) => receipt.replace(/^/gm, "  | ")],
        ["wrapped after it was quoted", (receipt) => receipt.replace(/^([A-Za-z0-9+/]{60})(.+)$/gm, "> $1\n> $2")],
        ["wrapped with the rest unquoted", (receipt) => receipt.replace(/^([A-Za-z0-9+/]{60})(.+)$/gm, "> $1\n$2")],
        ["with dashes that were made longer", (receipt) => receipt.replaceAll("-----", "\u2014\u2013-")],
        [
            "with a byte order mark and blanks that do not break",
            (receipt) => `\uFEFF${receipt.replace(/^/gm, "\u00a0")}`,
        ],
    ])("is read %s", (_how, mangled) => {
        const mailed = `On Monday somebody wrote:\n\n${mangled(text)}\n-- \nThe operators\n`;
        expect(parseReceipt(mailed, "host.receipt")).toStrictEqual(parseReceipt(text, "host.receipt"));
    });

    it("is genuine with the seed of its relay, and with no other, and not when a character of it was changed", () => {
        const receipt = parseReceipt(text, "host.receipt");
        expect(isGenuine(receipt, SEED)).toBe(true);
        expect(isGenuine(receipt, KEYS.alice)).toBe(false);
        expect(isGenuine({ ...receipt, content: receipt.content.replace(KEYS.dave, KEYS.bob) }, SEED)).toBe(false);
    });

    it.each([
        ["nothing", "", "host.receipt: is not a receipt; paste the whole receipt, from the BEGIN line to the END line"],
        [
            "half of it",
            text.slice(0, 200),
            "host.receipt: is not a receipt; paste the whole receipt, from the BEGIN line to the END line",
        ],
        [
            "one with a line missing at its end",
            text.replace(/\n.*(\n-----END)/, "$1"),
            "host.receipt: is damaged; paste the whole receipt again, or run the script again for a new one",
        ],
        [
            "one with something else in between",
            text.replace(/\n([A-Za-z0-9+/]{76})\n/, "\n$1\n[message cut off]\n"),
            "host.receipt: is damaged; paste the whole receipt again, or run the script again for a new one",
        ],
        [
            "one of a later version",
            receiptText({ fields: { version: 2 } }),
            "host.receipt: is from a different version of this library; paste the whole receipt again, or run the script again for a new one",
        ],
    ])("is refused when it is %s", (_what, given, message) => {
        expect(refusal(given)).toBe(message);
    });
});

it("a script's two blocks make the same code as the key does", () => {
    const { inner, outer } = receiptPads(SEED);
    const sha = (...parts: Buffer[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();
    const { content, code } = parseReceipt(text, "host.receipt");
    const made = sha(Buffer.from(outer, "hex"), sha(Buffer.from(inner, "hex"), Buffer.from(content)));
    expect(made.toString("hex")).toBe(code);
    expect(Buffer.from(receiptKey(SEED)).toString("base64")).not.toBe(SEED);
});
