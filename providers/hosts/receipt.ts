import { createHmac, timingSafeEqual } from "node:crypto";

import { InvalidArgument } from "../../core/errors.js";
import { receiptKey } from "../../core/keys/index.js";
import { parseBundle } from "../../core/protocol/bundle.js";
import { receiptPeers, receiptServices, receiptValues } from "../../core/protocol/receipt.js";
import { linesOf } from "../../core/protocol/table.js";

/** What a script says of the machine it ran on: what of any other host is read over its connection. */
export interface Receipt {
    /** project/stack/relay. */
    owner: string;
    /** When the script was written, RFC 3339 with milliseconds; later ones sort behind. */
    edition: string;
    /** SHA-256 of the script, lower-case hex. */
    script: string;
    /** How many changes the relay has seen. */
    generation: number;
    machine: string;
    /** The relay's WireGuard public key. */
    publicKey: string;
    /** Allowed IPs of each public key on the interface. */
    peers: Record<string, string[]>;
    /** Public keys that this run took off the interface. */
    removed: string[];
    services: Record<string, "open" | "closed">;
    /** Certificate requests by service, PEM. */
    requests: Record<string, string>;
    /** What the code is over, and the code. */
    content: string;
    code: string;
}

/**
 * Between its two lines, which name the relay's appName, or QP-TUNNEL in those of an older version. Whose it is its content says.
 * Programs for mail make one long dash of several short ones.
 */
const BLOCK =
    /[-\u2013\u2014]+BEGIN ([A-Z0-9-]{1,32}) RECEIPT[-\u2013\u2014]+([^]*?)[-\u2013\u2014]+END \1 RECEIPT[-\u2013\u2014]+/;

/** What programs for mail put before each line of what they quote, and blanks that no keyboard has. */
const QUOTED = /^[>|\s\u200B\uFEFF]+/gm;

/**
 * Reads a receipt wherever it stands in a text, however it was wrapped and quoted on its way.
 *
 * @param subject what to call it in an error
 * @throws InvalidArgument when there is none, or part of it is missing
 */
export function parseReceipt(text: string, subject: string): Receipt {
    const block = BLOCK.exec(text)?.[2]?.replace(QUOTED, "").replace(/\s/g, "");
    if (block === undefined) {
        throw new InvalidArgument(
            subject,
            "is not a receipt",
            "paste the whole receipt, from the BEGIN line to the END line",
        );
    }
    const whole = Buffer.from(block, "base64").toString("utf8");
    const at = whole.lastIndexOf("@code\n");
    const content = whole.slice(0, Math.max(at, 0));
    const files = parseBundle(whole);
    const values = receiptValues.parse(files.receipt);
    const field = (name: Parameters<typeof values.one>[0]): string => values.one(name) ?? "";
    const receipt: Receipt = {
        owner: field("owner"),
        edition: field("edition"),
        script: field("script"),
        generation: Number(field("generation")),
        machine: field("machine"),
        publicKey: field("publicKey"),
        peers: Object.fromEntries(
            receiptPeers.parse(files.peers).map(({ publicKey, allowedIps }) => [publicKey, allowedIps.sort()]),
        ),
        removed: linesOf(files.removed),
        services: Object.fromEntries(
            receiptServices.parse(files.services).map(({ name, state }) => [name, state === "open" ? state : "closed"]),
        ),
        requests: Object.fromEntries(
            Object.entries(files)
                .filter(([name]) => name.startsWith("request."))
                .map(([name, request]) => [name.slice("request.".length), request]),
        ),
        content,
        code: (files.code ?? "").trim(),
    };
    const whole64 = /^[0-9a-f]{64}$/;
    const isText = /^[A-Za-z0-9+/]*=*$/.test(block);
    if (!isText || field("version") !== "1" || receipt.publicKey === "" || !whole64.test(receipt.code)) {
        throw new InvalidArgument(
            subject,
            field("version") === "1" || field("version") === ""
                ? "is damaged"
                : "is from a different version of this library",
            "paste the whole receipt again, or run the script again for a new one",
        );
    }
    return receipt;
}

/** Whether a receipt comes from a script of this relay, and is as it was printed there. */
export function isGenuine({ content, code }: Receipt, seed: string): boolean {
    const expected = createHmac("sha256", receiptKey(seed)).update(content).digest();
    return timingSafeEqual(expected, Buffer.from(code, "hex"));
}

/** The key of the code as a script carries it: HMAC's two blocks (RFC 2104), so that a shell needs nothing but SHA-256. */
export function receiptPads(seed: string): { inner: string; outer: string } {
    const block = Buffer.alloc(64);
    block.set(receiptKey(seed));
    const padded = (pad: number): string => Buffer.from(block.map((byte) => byte ^ pad)).toString("hex");
    return { inner: padded(0x36), outer: padded(0x5c) };
}
