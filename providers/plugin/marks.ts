import type { JsonObject } from "./json.js";

/** What stands in the engine's JSON for a value that JSON does not have: an object with this property says what it is. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";
export const OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** The engine has a mark per type; it accepts the string's for any. */
export const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWN_TEXTS = new Set([
    UNKNOWN_TEXT,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export function isUnknownText(text: string): boolean {
    return text.length === UNKNOWN_TEXT.length && UNKNOWN_TEXTS.has(text);
}

/** What an object is marked as: "other" for assets, archives and resources. */
export function markOf(json: JsonObject): "secret" | "output" | "other" | undefined {
    const signature = json[SIGNATURE];
    if (signature === undefined) return undefined;
    return signature === SECRET ? "secret" : signature === OUTPUT_VALUE ? "output" : "other";
}
