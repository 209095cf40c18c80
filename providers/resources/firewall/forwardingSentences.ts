import { listNames } from "../sentences.js";

/** What it means for the machine that networks behind it come or go, for a preview: one sentence each. */
export function forwardingSentences(relay: string, before: string[], routes: string[]): string[] {
    const added = routes.filter((route) => !before.includes(route));
    const removed = before.filter((route) => !routes.includes(route));
    const sentences: string[] = [];
    if (added.length > 0)
        sentences.push(
            `${relay}: enables forwarding on the ${added.length === 1 ? "interface" : "interfaces"} to ${listNames(added)}, for tunnel connections only; other traffic is forwarded there only if the machine did so before`,
        );
    if (removed.length > 0)
        sentences.push(
            `${relay}: no longer forwards to ${listNames(removed)}; on interfaces that no other network needs, forwarding is restored to its previous setting`,
        );
    return sentences;
}
