import { asArray, asRecord } from "./json.js";
import { legacyRuleset } from "./legacy.js";
import { ELSEWHERE, type Flow, keyOf, type Rule, type Ruleset } from "./conditions.js";
import { follow, type Verdict } from "./verdict.js";

/** What is the relay's own, and what the machine says of everything else that filters packets on it. */
export interface Surroundings {
    /** Our own tables, family inet. */
    tables: string[];
    /** The relay's interfaces. Without any nothing can be told to let them through: any complaint is made. */
    interfaces: string[];
    /** UDP ports of the tunnel. */
    ports?: number[];
    /** The tunnel's networks, CIDR. */
    subnets?: string[];
    /** Whether the relay forwards to networks behind it. */
    forwards?: boolean;
    /** What `iptables-legacy-save` and `ip6tables-legacy-save` print. */
    legacy?: { ip?: string; ip6?: string };
    /** Names of iptables-legacy tables that are loaded and could not be listed. */
    unread?: string[];
}

/**
 * Reads what `nft -j list ruleset` prints and says, one sentence a chain, which other tables stop the relay's traffic, and what to do. An
 * accept in our table does not help there: every base chain of a hook decides for itself (nft(8)), so a policy of drop in Docker's,
 * ufw's or the operator's own chain wins, and so does a drop in the raw table. Kinds of packets that the relay lives on are
 * followed through every base chain (`verdict.ts`); a condition that is not known decides nothing.
 *
 * @param json one document, or a list of them
 */
export function conflicts(json: unknown, own: Surroundings): string[] {
    const legacy = own.legacy ?? {};
    const documents = [...(asArray(json) ?? [json]), ...legacyDocuments(legacy)];
    const objects = documents
        .flatMap((document) => asArray(asRecord(document)?.["nftables"]) ?? [])
        .map((object) => asRecord(object) ?? {});
    const chains = objects.flatMap((object) => (asRecord(object["chain"]) as ForeignChain | undefined) ?? []);
    const ruleset = rulesetOf(objects);
    const sentences = chains.flatMap((chain) => {
        if (chain.hook === undefined || !FAMILIES.has(chain.family)) return [];
        if (chain.family === "inet" && own.tables.includes(chain.table)) return [];
        const problem = worstOf(chain, own, ruleset);
        if (problem === undefined) return [];
        const names = chains
            .filter(({ family, table }) => family === chain.family && table === chain.table)
            .map(({ name }) => name);
        const [us = "the relay's interface"] = own.interfaces;
        return `table ${chain.family} ${chain.table}, chain ${chain.name} (hook ${chain.hook}) ${problem.how}; ${remedy(chain, names, us, problem)}`;
    });
    const { unread = [] } = own;
    if (unread.length > 0)
        sentences.push(
            `tables of iptables-legacy are loaded (${unread.join(", ")}) and cannot be listed: they may drop packets that the relay's own table accepts; install iptables-legacy-save (iptables) on the machine`,
        );
    return [...new Set(sentences)];
}

interface ForeignChain {
    family: string;
    table: string;
    name: string;
    hook?: string;
    policy?: string;
    dev?: string | string[];
}

const FAMILIES = new Set(["ip", "ip6", "inet", "netdev"]);

function legacyDocuments({ ip, ip6 }: { ip?: string; ip6?: string }): unknown[] {
    return [
        ...(ip === undefined ? [] : [legacyRuleset(ip, "ip")]),
        ...(ip6 === undefined ? [] : [legacyRuleset(ip6, "ip6")]),
    ];
}

function rulesetOf(objects: Record<string, unknown>[]): Ruleset {
    const relays = new Set<unknown>();
    const ruleset = { chains: new Map<string, Rule[]>(), sets: new Map<string, unknown[]>(), relays };
    for (const object of objects) {
        const [chain, rule, set] = ["chain", "rule", "set"].map((kind) => asRecord(object[kind]) as Named | undefined);
        if (chain !== undefined) ruleset.chains.set(keyOf(chain, chain.name), []);
        if (rule !== undefined) ruleset.chains.get(keyOf(rule, rule.chain))?.push(rule);
        if (set !== undefined) ruleset.sets.set(keyOf(set, set.name), asArray(set.elem) ?? []);
    }
    for (const [key, elements] of ruleset.sets)
        if (OURS.test(key) && ruleset.sets.has(key.replace(OURS, " acl4")))
            elements.forEach((name) => relays.add(name));
    return ruleset;
}

/** By its sets the table of a relay of this library is known: what is between its interfaces and others is not between ours and others. */
const OURS = / ours$/;

interface Named {
    family: string;
    table: string;
    name: string;
    chain: string;
    expr: unknown;
    elem?: unknown;
}

interface Problem {
    how: string;
    /** A rule of the chain does it, not its policy or its end. */
    byRule: boolean;
    /** It stops the tunnel itself, and lets through what is in it. */
    outer: boolean;
}

/** What a chain does to the first kind of packet that it stops; a kind that it stops in part comes after those. */
function worstOf(chain: ForeignChain, own: Surroundings, ruleset: Ruleset): Problem | undefined {
    let partly: Problem | undefined;
    for (const flow of flowsAt(chain, own)) {
        const verdict = follow(flow, { ...chain, chain: chain.name }, ruleset);
        const outer = flow.udp !== undefined;
        const accepted = verdict.some.has("accept");
        const stop = stopIn(chain, verdict, accepted);
        const what = outer ? `packets to the tunnel's own UDP port` : "what the relay's own table accepts";
        if (stop !== undefined) return { how: `${STOPS[stop]} ${what}`, byRule: stop === "rule", outer };
        // Some of the outside may be refused: who it is the relay does not know.
        if (verdict.some.has("drop") && !outer) partly ??= { how: `drops a part of ${what}`, byRule: true, outer };
    }
    return partly;
}

/** What in a chain stops a packet. */
const STOPS = { rule: "drops", end: "rejects at its end", policy: "drops by policy" };

function stopIn(chain: ForeignChain, { kind, atEnd }: Verdict, accepted: boolean): keyof typeof STOPS | undefined {
    if (kind === "accept" || accepted) return undefined;
    if (kind === "drop") return atEnd === true ? "end" : "rule";
    return chain.policy === "drop" ? "policy" : undefined;
}

/** Kinds of packets of ours that pass a hook. */
function flowsAt({ hook = "", family, dev }: ForeignChain, own: Surroundings): Flow[] {
    const families = ([4, 6] as const).filter((digit) =>
        family === "ip" ? digit === 4 : family === "ip6" ? digit === 6 : true,
    );
    return families.flatMap((digit) => {
        const subnet = (own.subnets ?? []).find((cidr) => cidr.includes(":") === (digit === 6));
        // Of a relay whose networks are told there is nothing of a family that it has none of.
        const inside = own.subnets === undefined || subnet !== undefined;
        const source = subnet === undefined ? {} : { source: subnet };
        const destination = subnet === undefined ? {} : { destination: subnet };
        const devices = own.interfaces.length === 0 ? [NAMELESS] : own.interfaces;
        const flows = devices.flatMap((device): Flow[] => {
            const opened = { state: "new", family: digit } as const;
            const replied = { state: "established", family: digit } as const;
            switch (hook) {
                case "ingress":
                case "prerouting":
                case "input":
                    return [{ ...opened, iif: device, ...source }];
                case "forward":
                    return [
                        { ...opened, iif: device, oif: device, ...source, ...destination },
                        ...(own.forwards === true
                            ? [
                                  { ...opened, iif: device, oif: ELSEWHERE, ...source },
                                  { ...replied, iif: ELSEWHERE, oif: device, ...destination },
                              ]
                            : []),
                    ];
                case "output":
                case "postrouting":
                case "egress":
                    return [{ ...opened, oif: device, ...destination }];
                default:
                    return [];
            }
        });
        return [...(inside ? flows : []), ...outerFlows(hook, digit, own)].filter((flow) => isAt(flow, dev));
    });
}

/** The tunnel itself: UDP from anywhere to its port, and back. */
function outerFlows(hook: string, family: 4 | 6, { ports = [] }: Surroundings): Flow[] {
    const inwards = hook === "ingress" || hook === "prerouting" || hook === "input";
    const outwards = hook === "output" || hook === "postrouting" || hook === "egress";
    return ports.flatMap((port): Flow[] => [
        ...(inwards ? [{ state: "new", family, iif: ELSEWHERE, udp: { destination: port } } as const] : []),
        ...(outwards ? [{ state: "established", family, oif: ELSEWHERE, udp: { source: port } } as const] : []),
    ]);
}

/** Stands for an unknown interface name of the relay; no rule has it. */
const NAMELESS = "\0";

/** A chain of a device sees what passes that one. */
function isAt({ iif, oif }: Flow, dev: string | string[] | undefined): boolean {
    if (dev === undefined) return true;
    const device = iif ?? oif ?? "";
    return [dev].flat().some((name) => (device === ELSEWHERE ? name !== "lo" : name === device));
}

function remedy(
    { family, table, name, hook }: ForeignChain,
    names: string[],
    us: string,
    { byRule, outer }: Problem,
): string {
    const iptables = family === "ip6" ? "ip6tables" : "iptables";
    const forward = hook === "forward";
    if (names.some((other) => other.startsWith("ufw-")) && (forward || hook === "input")) {
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
    if (outer) return `accept the tunnel's own UDP port in ${name}`;
    if (byRule) return `remove that rule, or except ${us} from it`;
    if (forward) return `accept packets from and to ${us} in ${name}`;
    return hook === "input"
        ? `accept packets from ${us}, and the tunnel's own UDP port, in ${name}`
        : `accept packets ${hook === "output" || hook === "postrouting" || hook === "egress" ? "to" : "from"} ${us} in ${name}`;
}
