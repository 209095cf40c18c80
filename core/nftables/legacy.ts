/**
 * What `iptables-legacy-save` prints, in the form of nft's JSON, so that one evaluation serves for both. A condition that is not
 * understood becomes `{ xt: null }`, as nft writes a foreign extension.
 */
export function legacyRuleset(text: string, family: "ip" | "ip6"): { nftables: unknown[] } {
    const objects: unknown[] = [];
    let table = "";
    for (const line of text.split("\n")) {
        const [, name = ""] = /^\*(\S+)/.exec(line) ?? [];
        if (name !== "") table = `${name} (iptables-legacy)`;
        const [, chain, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
        if (chain !== undefined && policy !== undefined) {
            const hook = policy === "-" ? undefined : chain.toLowerCase();
            objects.push({
                chain: {
                    family,
                    table,
                    name: chain,
                    ...(hook === undefined ? {} : { hook, policy: policy.toLowerCase() }),
                },
            });
        }
        const [, of, rest] = /^(?:\[\d+:\d+\] )?-A (\S+) ?(.*)$/.exec(line) ?? [];
        if (of !== undefined)
            objects.push({ rule: { family, table, chain: of, expr: expressions(rest ?? "", family) } });
    }
    return { nftables: objects };
}

function expressions(text: string, family: "ip" | "ip6"): unknown[] {
    const words = text.match(/"[^"]*"|\S+/g) ?? [];
    const found: unknown[] = [];
    let op = "==";
    for (let at = 0; at < words.length; at++) {
        const word = words[at];
        if (word === "!") {
            op = "!=";
            continue;
        }
        const value = (words[at + 1] ?? "").replace(/^"|"$/g, "");
        const match = (left: object, right: unknown): void => void found.push({ match: { op, left, right } });
        const field = (protocol: string, name: string): object => ({ payload: { protocol, field: name } });
        at += 1;
        if (word === "-i") match({ meta: { key: "iifname" } }, value.replace(/\+$/, "*"));
        else if (word === "-o") match({ meta: { key: "oifname" } }, value.replace(/\+$/, "*"));
        else if (word === "-s") match(field(family, "saddr"), network(value));
        else if (word === "-d") match(field(family, "daddr"), network(value));
        else if (word === "-p") match({ meta: { key: "l4proto" } }, value);
        else if (word === "--dport" || word === "--sport") match(field("th", word.slice(2)), ports(value));
        else if (word === "--ctstate" || word === "--state")
            match({ ct: { key: "state" } }, value.toLowerCase().split(","));
        else if (word === "-m" || word === "--comment") {
            // Names what is tested next, or nothing.
            if (word === "-m" && !KNOWN_MATCHES.has(value)) found.push({ xt: null });
        } else if (word === "-j" || word === "-g") found.push(target(value, word === "-g"));
        else {
            // An option of a target that was named already changes nothing about the verdict.
            if (!found.some((each) => isTarget(each))) found.push({ xt: null });
            at -= 1;
        }
        op = "==";
    }
    return found;
}

const KNOWN_MATCHES = new Set(["conntrack", "state", "udp", "tcp", "comment"]);
const VERDICTS: Record<string, unknown> = {
    ACCEPT: { accept: null },
    DROP: { drop: null },
    REJECT: { reject: null },
    RETURN: { return: null },
};

function target(name: string, isGoto: boolean): unknown {
    if (isGoto) return { goto: { target: name } };
    // LOG, MARK and their like go on with the next rule; to follow a chain of their name finds none.
    return VERDICTS[name] ?? { jump: { target: name } };
}

function isTarget(statement: unknown): boolean {
    return Object.keys(statement as object).some((key) =>
        ["accept", "drop", "reject", "return", "jump", "goto"].includes(key),
    );
}

function network(text: string): unknown {
    const [addr, len] = text.split("/");
    return len === undefined ? text : { prefix: { addr, len: Number(len) } };
}

function ports(text: string): unknown {
    const [first, last] = text.split(":").map(Number);
    return last === undefined ? first : { range: [first, last] };
}
