import type { PeerRequest } from "../../../core/registry/request.js";
import type { Supplied } from "../../../core/registry/supplied.js";
import { isMap, join } from "../changes.js";
import { type ChangeKind, type PropertySchema, UNKNOWN, type Unknown } from "../resource.js";
import { listNames } from "../sentences.js";
import { anything, fields, known, listOf, mapOf, optional, previewed, type Shape, text } from "../shape.js";

/** What other resources say of peers, by name, of which a preview may not know some. */
export interface SuppliedInputs {
    routes?: Record<string, string[] | Unknown> | Unknown;
    expires?: Record<string, string | Unknown> | Unknown;
    peers?: unknown;
}

export const SUPPLIED_INPUT: Record<string, PropertySchema> = {
    supplied: {
        type: { named: "SuppliedValues" },
        description: "What other resources say of peers. A preview may not know it.",
        optional: true,
    },
};

export const suppliedShape: Shape<SuppliedInputs> = fields<SuppliedInputs>({
    routes: optional(previewed(mapOf(previewed(listOf(text))))),
    expires: optional(previewed(mapOf(previewed(text)))),
    peers: anything as Shape<unknown> & { readonly isOptional: true },
});

/** As the registry allocates by it. @param peers those that are listed, once they are read */
export function suppliedIn(
    { routes, expires, peers }: SuppliedInputs = {},
    read: (peers: unknown) => Record<string, PeerRequest>,
): Supplied {
    return {
        routes: knownEach(routes),
        expires: knownEach(expires),
        ...(peers === undefined ? {} : { peers: { known: peers === UNKNOWN ? undefined : read(peers) } }),
    };
}

function knownEach<T>(values: Record<string, T | Unknown> | Unknown | undefined): Record<string, T | undefined> {
    return Object.fromEntries(Object.entries(known(values) ?? {}).map(([name, value]) => [name, known(value)]));
}

/** Whatever is not known yet may change. */
export function awaitedChanges(supplied: SuppliedInputs | undefined): Record<string, ChangeKind> {
    const paths = Object.entries(supplied ?? {}).flatMap(([argument, values]) => {
        const path = join("supplied", argument);
        return values === UNKNOWN ? [path] : unknownNames(values).map((name) => join(path, name));
    });
    return Object.fromEntries(paths.map((path) => [path, "update" as const]));
}

/** Peers of which something is not known yet. */
export function awaitedPeers({ routes, expires }: SuppliedInputs = {}): string[] {
    return [...new Set([...unknownNames(routes), ...unknownNames(expires)])];
}

/** Says what is not known yet, and that nothing is said of it therefore. */
export function awaitedSentences(supplied: SuppliedInputs | undefined): string[] {
    const { routes, expires, peers } = supplied ?? {};
    const before = "known before the update: another resource supplies";
    const [behind, until] = [unknownNames(routes), unknownNames(expires)];
    return [
        ...(peers === UNKNOWN
            ? [
                  `which other peers there are is not ${before} a list of them; until then none of them is added or removed`,
              ]
            : []),
        ...(behind.length > 0 ? [`the networks behind ${listNames(behind, ALL)} are not ${before} them`] : []),
        ...(until.length > 0
            ? [`when ${listNames(until, ALL)} ${until.length === 1 ? "expires" : "expire"} is not ${before} it`]
            : []),
    ];
}

function unknownNames(values: unknown): string[] {
    if (!isMap(values)) return [];
    return Object.keys(values)
        .filter((name) => values[name] === UNKNOWN)
        .sort();
}

const ALL = Number.MAX_SAFE_INTEGER;
