import { conflicts } from "../../core/nftables/index.js";
import { tableName } from "../../core/names.js";
import type { RelayNames } from "../../core/registry/model.js";
import type { Part, PartAnswers } from "../../core/protocol/steps.js";
import { ourInterfaces, ours } from "../../core/protocol/surroundings.js";
import { linesOf } from "../../core/protocol/table.js";

/** What else on the relay's machine stops its packets, a sentence each; nothing when it was not asked for that. */
export function surroundingConflicts(names: RelayNames, answer: PartAnswers<Part>): string[] {
    if (answer.ruleset === undefined) return [];
    const { all } = ours.parse(answer.ours);
    const own = ourInterfaces.parse(all("interface").join("\n"));
    const subnets = all("subnet");
    const table = tableName(names);
    return conflicts(documents(answer.ruleset), {
        tables: [table, `${table}_epochs`],
        interfaces: own.length === 0 ? [names.interface] : own.map((each) => each.interface),
        // A managed peer takes any port.
        ports: own.map(({ port }) => port).filter((port) => port > 0),
        ...(subnets.length === 0 ? {} : { subnets }),
        forwards: all("behind").length > 0,
        legacy: {
            ...(answer["legacy.ip"] === undefined ? {} : { ip: answer["legacy.ip"] }),
            ...(answer["legacy.ip6"] === undefined ? {} : { ip6: answer["legacy.ip6"] }),
        },
        unread: linesOf(answer["legacy.unread"]),
    });
}

/** One document a line; what is none, because nft 1.0.6 writes a byte of its memory for a table's flags, is passed over. */
export function documents(text: string): unknown[] {
    return text.split("\n").flatMap((line) => documentIn(line) ?? []);
}

/** Tables that are passed over: "inet firewalld". */
export function unreadableTables(text: string): string[] {
    const broken = text.split("\n").filter((line) => documentIn(line) === undefined);
    return broken.flatMap((line) => {
        const [, family, name] = /\{"table": \{"family": "(\w+)", "name": "([^"]+)"/.exec(line) ?? [];
        return family === undefined || name === undefined ? [] : [`${family} ${name}`];
    });
}

/** undefined where there is none. */
function documentIn(line: string): object | undefined {
    try {
        return line.trim() === "" ? undefined : (JSON.parse(line) as object);
    } catch {
        return undefined;
    }
}
