import { scrubText } from "../../../../core/audit/scrub.js";

const KEY = Buffer.alloc(32, 5).toString("base64");

test.each([
    [`wg: Key is not the correct length or format: \`${KEY}'`, "wg: Key is not the correct length or format: `[key]'"],
    [`${KEY},${KEY}`, "[key],[key]"],
    ["fetch https://bot:canary@git.example/o/r failed", "fetch https://git.example/o/r failed"],
    ["ssh://root@10.0.0.1:22 refused", "ssh://10.0.0.1:22 refused"],
    ["GET https://x.example/a?sig=canary&b=1: 403", "GET https://x.example/a?… 403"],
    ['see "https://x.example/a#canary" there', 'see "https://x.example/a?…" there'],
    [
        "bad key -----BEGIN OPENSSH PRIVATE KEY-----\ncanary\n-----END OPENSSH PRIVATE KEY----- in file",
        "bad key [private key] in file",
    ],
    ["-----BEGIN PRIVATE KEY-----\ncanary", "[private key]"],
])("%j is recorded as %j", (text, scrubbed) => {
    expect(scrubText(text)).toBe(scrubbed);
});

test.each([
    `the log is lost, say restartFrom: "${"ab".repeat(32)}"`,
    "peer alice (10.8.0.2) is not on the wire",
    "alice@example.org has no key",
    "http://127.0.0.1:3000/path is not reachable",
])("%j stays as it is", (text) => {
    expect(scrubText(text)).toBe(text);
});
