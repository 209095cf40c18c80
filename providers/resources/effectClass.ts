import { parseLogSentence } from "../../core/audit/logSentence.js";
import type { EffectClass } from "../../core/review/model.js";

/*
 * What the sentences of previews mean for those who are connected. The engine passes on a sentence with its resource and nothing else,
 * so a reader of a preview tells by words what happens: by those that the sentences of these folders use. A test compares both.
 */

/** Words by what they mean. A sentence has those of one class, or of none: then it interrupts nothing. */
const WORDS: Record<Exclude<EffectClass, "log" | "other">, RegExp> = {
    cut: / (?:is|are) cut off at once, /,
    expired: / (?:expired on \S+ and was|expired and were) cut off then by the relay/,
    interrupted:
        /cut off (?:at once, )?until |\binterrupted(?: until |, up to | for one handshake)|\breconnects?(?:$|;)| every peer reconnects$|(?:every peer needs its new configuration|IPv6 needs new configurations)$|, then only with |: the old configuration works until |: (?:its (?:IPv6 )?connections|connections to the former one) end$|can no longer connect/,
    added: / will be added\b/,
    unaffected: /: no (?:other )?peer is affected: /,
    gained: / (?:is|are) allowed to reach /,
    lost: / (?:is|are) no longer allowed to reach /,
    opened: /: service \S+ opens on port /,
    closed: /: service \S+ on port \d+ closes at once$/,
};

/** Every class whose words a sentence has. */
export function effectClasses(sentence: string): EffectClass[] {
    if (parseLogSentence(sentence) !== undefined) return ["log"];
    return (Object.keys(WORDS) as (keyof typeof WORDS)[]).filter((effect) => WORDS[effect].test(sentence));
}

/** What one means; of a sentence in the words of two, the one that matters more to those who are connected. */
export function effectClass(sentence: string): EffectClass {
    return effectClasses(sentence)[0] ?? "other";
}
