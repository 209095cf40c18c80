/**
 * Error texts are other programs' words, and those quote what they were given. What has the shape of a secret is left out
 * of a record's message; everything else a record says is chosen field by field.
 */

/** The text without keys, credentials in addresses, queries of addresses and private keys in PEM. */
export function scrubText(text: string): string {
    return text
        .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "[private key]")
        .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@"'<>]*@/gi, "$1")
        .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s?#"'<>]*)[?#][^\s"'<>]*/gi, "$1?…")
        .replace(/(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])/g, "[key]");
}
