import { InvalidArgument } from "../errors.js";
import { parsePrivateKey } from "../keys/text.js";

/**
 * The private key in a file: the bare key as `wg genkey` prints it, or the `PrivateKey` line of a wg-quick file, so that
 * an existing relay's key need not be copied to be adopted.
 *
 * @param subject what to call the file in an error, which never contains its text
 * @throws InvalidArgument when there is no key in it, or more than one
 */
export function privateKeyIn(text: string, subject: string): string {
    if (!/^\s*\[Interface\]/im.test(text)) return parsePrivateKey(text.trim(), subject);
    const keys = [...text.matchAll(/^[ \t]*PrivateKey[ \t]*=[ \t]*([^\s#]*)/gim)].map(([, key]) => key ?? "");
    const [key] = keys;
    if (key === undefined || keys.length > 1) {
        throw new InvalidArgument(
            subject,
            key === undefined ? "has no PrivateKey line" : "has more than one PrivateKey line",
            "give the file of one relay, or a file with only the key",
        );
    }
    return parsePrivateKey(key, subject);
}
