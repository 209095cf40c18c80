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
        const text = asRecord(asRecord(value)?.["elem"])?.["val"] ?? value;
        if (typeof text === "string" && text !== "*") found.add(text.replace("*", "0"));
    };
    const visit = (value: unknown): void => {
        for (const item of asArray(value) ?? []) visit(item);
        const fields = asRecord(value);
        if (fields === undefined) return;
        const isNamed = NAMES.has(String(asRecord(asRecord(fields["left"] ?? fields["key"])?.["meta"])?.["key"]));
        if (isNamed) {
            const right = fields["right"] ?? fields["data"];
            const listed = asArray(asRecord(right)?.["set"]) ?? asArray(right) ?? [right];
            for (const each of listed) add(asArray(each)?.[0] ?? each);
        }
        if (fields["type"] === "ifname")
            for (const each of asArray(fields["elem"]) ?? []) add(asArray(each)?.[0] ?? each);
        for (const each of Object.values(fields)) visit(each);
    };
    visit(documents);
    return [...found].filter((name) => name !== "lo" && !ours.has(name) && !name.startsWith("@")).sort();
}
