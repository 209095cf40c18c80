import { asArray, asRecord } from "./json.js";

/**
 * Reads what `nft -j list ruleset` prints and says, one sentence each, which other tables stop the relay's traffic, and what to do.
 * An accept in our table does not help there: every base chain of a hook decides for itself (nft(8)), so a policy
 * of drop in Docker's, ufw's or the operator's own chain wins.
 *
 * @param table our own table
 * @param interfaces ours: a table with a rule that accepts one of them is taken to be told about the relay. Default: any complaint is made
 */
export function conflicts(json: unknown, table: string, interfaces: string[] = []): string[] {
    const objects = (asArray(asRecord(json)?.["nftables"]) ?? []).map((object) => asRecord(object) ?? {});
    const chains = objects.flatMap((object) => (asRecord(object["chain"]) as ForeignChain | undefined) ?? []);
    const rules = objects.flatMap((object) => (asRecord(object["rule"]) as ForeignRule | undefined) ?? []);
    const sentences: string[] = [];
    for (const chain of chains) {
        if (chain.hook !== "forward" && chain.hook !== "input") continue;
        if (!FAMILIES.has(chain.family) || (chain.family === "inet" && chain.table === table)) continue;
        const own = rules.filter((rule) => rule.family === chain.family && rule.table === chain.table);
        const last = own.filter((rule) => rule.chain === chain.name).at(-1);
        const how =
            chain.policy === "drop"
                ? "drops by policy"
                : last !== undefined && refusesAll(last)
                  ? "refuses at its end"
                  : undefined;
        if (how === undefined || own.some((rule) => letsIn(rule, interfaces))) continue;
        const names = chains
            .filter(({ family, table }) => family === chain.family && table === chain.table)
            .map(({ name }) => name);
        sentences.push(
            `table ${chain.family} ${chain.table}, chain ${chain.name} (hook ${chain.hook}) ${how} what the relay's own table accepts; ` +
                remedy(chain, names, interfaces[0] ?? "the relay's interface"),
        );
    }
    return sentences;
}

interface ForeignChain {
    family: string;
    table: string;
    name: string;
    hook?: string;
    policy?: string;
}

interface ForeignRule {
    family: string;
    table: string;
    chain: string;
    expr: unknown;
}

const FAMILIES = new Set(["ip", "ip6", "inet"]);

function remedy({ family, table, name, hook }: ForeignChain, names: string[], us: string): string {
    const iptables = family === "ip6" ? "ip6tables" : "iptables";
    const forward = hook === "forward";
    if (names.some((other) => other.startsWith("ufw-"))) {
        return forward
            ? `tell ufw: "ufw route allow in on ${us}" and "ufw route allow out on ${us}"`
            : `tell ufw: "ufw allow in on ${us}", and "ufw allow <listenPort>/udp" for the tunnel itself`;
    }
    if (table === "firewalld") {
        return `tell firewalld: "firewall-cmd --permanent --zone=trusted --add-interface=${us}"${forward ? "" : ', and "firewall-cmd --permanent --add-port=<listenPort>/udp" for the tunnel itself'}`;
    }
    if (forward && names.includes("DOCKER-USER")) {
        return `tell Docker: "${iptables} -I DOCKER-USER -i ${us} -j ACCEPT" and "${iptables} -I DOCKER-USER -o ${us} -j ACCEPT", and keep them over a reboot`;
    }
    return forward
        ? `accept packets from and to ${us} in ${name}`
        : `accept packets from ${us}, and the tunnel's own UDP port, in ${name}`;
}

/** Drops or rejects whatever reaches it: no condition before the verdict. */
function refusesAll(rule: ForeignRule): boolean {
    const kinds = statements(rule).map(([kind]) => kind);
    const verdict = kinds.at(-1);
    return (
        (verdict === "drop" || verdict === "reject") &&
        kinds.slice(0, -1).every((kind) => kind === "counter" || kind === "log")
    );
}

function letsIn(rule: ForeignRule, interfaces: string[]): boolean {
    let ours = false;
    for (const [kind, body] of statements(rule)) {
        if (kind === "match") ours ||= matchesInterface(asRecord(body), interfaces);
        if (ours && kind === "accept") return true;
        // firewalld sends a zone's interface to the chains of its zone; those of "trusted" accept.
        if (ours && (kind === "goto" || kind === "jump") && String(asRecord(body)?.["target"]).endsWith("_trusted"))
            return true;
    }
    return false;
}

function matchesInterface(match: Record<string, unknown> | undefined, interfaces: string[]): boolean {
    const key = asRecord(asRecord(match?.["left"])?.["meta"])?.["key"];
    return (
        (key === "iifname" || key === "oifname") &&
        match?.["op"] === "==" &&
        interfaces.includes(String(match["right"]))
    );
}

function statements(rule: ForeignRule): [string, unknown][] {
    return (asArray(rule.expr) ?? []).map(
        (statement) => Object.entries(asRecord(statement) ?? {})[0] ?? ["", undefined],
    );
}
