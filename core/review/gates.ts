import { RELAY } from "../access/index.js";
import { touches } from "../access/target.js";
import { InvalidArgument } from "../errors.js";
import type { AccessRight, PeerNote, Review } from "./model.js";

/** What a gate finds: one sentence each, empty when the change passes. */
type Gate = (review: Review) => string[];

/** What `--fail-on` can name. */
const GATES = {
    added: ({ relays }) => ofPeers(relays, "added", () => "is added"),
    cut: ({ relays }) => ofPeers(relays, "cut", () => "is cut off"),
    interrupted: ({ sentences }) => sentences.filter(({ effect }) => effect === "interrupted").map(({ text }) => text),
    "no-expiry": ({ relays }) =>
        ofPeers(relays, "added", ({ expires }) => (expires === undefined ? "is added without an expiry" : undefined)),
    // The proxy's own access to an upstream lasts as long as the service.
    "no-until": ({ relays }) =>
        ofRights(relays, ({ from, until }) => from !== RELAY && until === undefined, ", without an end"),
    "no-ticket": ({ relays }) =>
        ofRights(relays, ({ from, ticket }) => from !== RELAY && ticket === undefined, ", without a ticket"),
    "all-ports": ({ relays }) => ofRights(relays, ({ ports }) => ports === "all"),
    internet: ({ relays }) => ofRights(relays, (right) => touches({ ...right, by: "" }, INTERNET)),
    removed: ({ relays }) =>
        relays.filter(({ change }) => change === "removed").map(({ relay }) => `relay ${relay} is removed`),
    unknown: ({ relays }) =>
        relays
            .filter(({ peers, access }) => !peers.known || !access.known)
            .map(({ relay }) => `${relay}: peers or access rules are not known before the update`),
    warnings: ({ warnings }) => warnings,
} satisfies Record<string, Gate>;

export type GateName = keyof typeof GATES;

export const GATE_NAMES = Object.keys(GATES) as GateName[];

/** @throws InvalidArgument for a name that is not a gate's */
export function parseGates(text: string, path: string): GateName[] {
    return text.split(",").map((word) => {
        const name = GATE_NAMES.find((gate) => gate === word.trim());
        if (name !== undefined) return name;
        throw new InvalidArgument(path, `"${word}" is not a reason to fail`, `choose from ${GATE_NAMES.join(", ")}`);
    });
}

/** Why a change does not pass, by gate. */
export function failuresOf(review: Review, gates: readonly GateName[]): { gate: GateName; reason: string }[] {
    return gates.flatMap((gate) => GATES[gate](review).map((reason) => ({ gate, reason })));
}

const INTERNET = { text: "internet", to: { internet: true } } as const;

function ofPeers(
    relays: Review["relays"],
    kind: "added" | "cut",
    says: (peer: PeerNote) => string | undefined,
): string[] {
    return relays.flatMap(({ relay, peers }) =>
        peers[kind].flatMap((peer) => {
            const words = says(peer);
            return words === undefined ? [] : [`${relay}: ${peer.name} ${words}`];
        }),
    );
}

function ofRights(relays: Review["relays"], applies: (right: AccessRight) => boolean, more = ""): string[] {
    return relays.flatMap(({ relay, access }) =>
        access.added
            .filter(applies)
            .map(({ from, to, ports }) => `${relay}: ${from} is now allowed to reach ${to} ${ports}${more}`),
    );
}
