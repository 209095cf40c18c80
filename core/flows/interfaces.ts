import { asArray, asRecord } from "../nftables/json.js";

const NAMES = new Set(["iifname", "oifname", "iif", "oif"]);

/**
 * Interfaces that rules and sets name, other than the relay's own and the loopback. A beginning of names, "eth*", becomes a name.
 *
 * @param documents as `nft -j` prints them
 */
export function namedInterfaces(documents: readonly unknown[], ours: ReadonlySet<string>): string[] {
    const found = new Set<string>();
    const add = (value: unknown): void => {
        if (typeof value === "string" && value !== "*") found.add(value.replace("*", "0"));
    };
    const addParts = (element: unknown, places: readonly number[]): void => {
        const key = asArray(element)?.[0] ?? element;
        const inner = asRecord(asRecord(key)?.["elem"])?.["val"] ?? key;
        const parts = asArray(asRecord(inner)?.["concat"]) ?? [inner];
        for (const place of places) add(parts[place]);
    };
    const visit = (value: unknown): void => {
        for (const item of asArray(value) ?? []) visit(item);
        const fields = asRecord(value);
        if (fields === undefined) return;
        const right = fields["right"] ?? fields["data"];
        const listed = asArray(asRecord(right)?.["set"]) ?? asArray(right) ?? [right];
        const ofRule = namedIn(fields["left"] ?? fields["key"]);
        if (ofRule.length > 0) for (const each of listed) addParts(each, ofRule);
        const ofSet = [fields["type"]].flat().flatMap((type, place) => (type === "ifname" ? [place] : []));
        if (ofSet.length > 0) for (const each of asArray(fields["elem"]) ?? []) addParts(each, ofSet);
        for (const each of Object.values(fields)) visit(each);
    };
    visit(documents);
    return [...found].filter((name) => name !== "lo" && !ours.has(name) && !name.startsWith("@")).sort();
}

/** The places of interfaces in what is compared: of several fields at once, or of one. */
function namedIn(left: unknown): number[] {
    return (asArray(asRecord(left)?.["concat"]) ?? [left]).flatMap((field, place) =>
        NAMES.has(String(asRecord(asRecord(field)?.["meta"])?.["key"])) ? [place] : [],
    );
}
