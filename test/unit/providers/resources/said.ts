import type { Ledger } from "../../../../core/registry/model.js";
import type { Program } from "./programs.js";

const FALLBACK =
    /^(no (other )?peer is affected|the firewall is reloaded|the access rules are reloaded|is checked again|the proxy reloads its)/;

/** What a sentence of a preview states, without what follows from it: that depends on what else happens. */
export function factsIn(said: string): string[] {
    const sentence = withoutRelay(said);
    if (FALLBACK.test(sentence)) return [];
    const rights = parseRights(sentence);
    // Who keeps a right from another address says the address's own sentence.
    if (rights?.change === "keeps") return [];
    if (rights !== undefined)
        return rights.who.flatMap((who) => rights.what.map((what) => `${who} ${rights.change} ${anyAddress(what)}`));
    const [fact = ""] = sentence.startsWith("networks reached") ? [sentence] : sentence.split(/[:;]/);
    const place =
        /^(moves from|is taken down as|interface \S+ (\(\S+\) )?is (made|replaced)|the firewall is loaded as|the proxy is started)/.exec(
            fact,
        );
    if (place !== null) return [place[1]!.replace(/^interface .*/, "interface")];
    const grouped = /^(.*?) \((\d+) peers\) (.*)$/.exec(fact);
    if (grouped !== null) return namesIn(grouped[1]!).map((name) => `${name} ${grouped[3]}`);
    return [anyAddress(fact.replace(/ and keeps .*$/, "").replace(/ at 10\..*?(?=,|$)/, " at A"))];
}

export function isSaid(fact: string, facts: ReadonlySet<string>): boolean {
    if (facts.has(fact) || facts.has(`${fact} and a new preshared key`)) return true;
    const psk = /^(\S+) gets a new preshared key$/.exec(fact);
    if (psk !== null)
        return facts.has(`${psk[1]} gets a new key`) || facts.has(`${psk[1]} gets a new key and a new preshared key`);
    // Many who are added share one sentence, without each one's address.
    const added = /^(\S+) will be added\b/.exec(fact);
    return added !== null && [...facts].some((said) => said.startsWith(`${added[1]} will be added`));
}

/** Addresses depend on the network, which may change beside. */
function anyAddress(text: string): string {
    return text.replace(/\b10\.[89]\.0\.\d+|fd(12|99)::[0-9a-f]*/g, "A").replace(/A and A/g, "A");
}

function namesIn(list: string): string[] {
    return list.split(/, | and /);
}

/** Every sentence begins with the relay's name. */
function withoutRelay(sentence: string): string {
    return sentence.replace(/^(hub|relay): /, "");
}

interface Right {
    who: string[];
    change: "gains" | "loses" | "keeps";
    what: string[];
    former?: string;
}

function parseRights(sentence: string): Right | undefined {
    const match =
        /^(.*?) (is|are)( no longer| still)? allowed to reach (.*?)(?:, as (.*) was until now|, now from a different address|; running connections end at once)?$/.exec(
            sentence,
        );
    if (match === null) return undefined;
    const [, who = "", , how, what = "", former] = match;
    return {
        who: namesIn(who),
        change: how === " no longer" ? "loses" : how === " still" ? "keeps" : "gains",
        what: what.split(/, | and /),
        ...(former === undefined ? {} : { former }),
    };
}

export function rightsIn(said: string[]): { gained: string[]; lost: string[] } {
    const gained = new Set<string>();
    const lost = new Set<string>();
    for (const sentence of said) {
        const right = parseRights(withoutRelay(sentence));
        for (const who of right?.who ?? []) {
            for (const what of right?.what ?? []) {
                if (right?.change === "gains") gained.add(`${who} ${what}`);
                if (right?.change === "loses") lost.add(`${who} ${what}`);
                if (right?.former !== undefined) lost.add(`${right.former} ${what}`);
            }
        }
    }
    return { gained: [...gained].sort(), lost: [...lost].sort() };
}

/** Who is allowed to open what, worked out of program and addresses alone. */
export function rightsOf(
    { subnet, subnet6, services, grants }: Program,
    { peers, services: ports }: Ledger,
): Set<string> {
    const rights = new Set<string>();
    const relay = { address: subnet.replace("0/24", "1"), address6: subnet6?.replace("/64", "1") };
    const both = (
        who: string,
        from: { address6?: string | undefined },
        to: { address: string; address6?: string | undefined },
        what: string,
    ): void => {
        rights.add(`${who} ${to.address} ${what}`);
        if (from.address6 !== undefined && to.address6 !== undefined) rights.add(`${who} ${to.address6} ${what}`);
    };
    for (const [name, { upstream, allow }] of Object.entries(services)) {
        const server = typeof upstream === "string" ? undefined : peers[upstream.peer];
        if (typeof upstream !== "string") {
            if (server === undefined) continue;
            both("the relay's proxy", relay, server, `tcp/${upstream.port}`);
        }
        for (const who of allow) {
            const peer = peers[who];
            if (peer !== undefined) both(who, peer, relay, `tcp/${ports[name]?.port}`);
        }
    }
    for (const { from, to, ports: what } of grants) {
        const [source, destination] = [peers[from], peers[to]];
        if (source === undefined || destination === undefined) continue;
        both(from, source, destination, what.first === undefined ? what.protocol : `${what.protocol}/${what.first}`);
    }
    return rights;
}

interface PeerFacts {
    added: string[];
    cut: string[];
    rekeyed: string[];
    readdressed: string[];
    rerouted: string[];
}

function sortedFacts(facts: PeerFacts): PeerFacts {
    return Object.fromEntries(
        Object.entries(facts).map(([kind, names]) => [kind, [...new Set(names as string[])].sort()]),
    ) as unknown as PeerFacts;
}

/** Of whom a preview says what, one name an entry. */
export function peersIn(said: string[]): PeerFacts {
    const subjects = (predicate: RegExp): string[] =>
        said.flatMap((sentence) => {
            const match = predicate.exec(`hub: ${withoutRelay(sentence)}`);
            return match === null ? [] : namesIn(match[1]!.replace(/ \(.*\)$/, ""));
        });
    return sortedFacts({
        added: subjects(/^hub: (.*) will be added/),
        cut: subjects(/^hub: (.*?) (?:is|are) cut off at once|^hub: never$/).concat(
            subjects(/^hub: (\S+) \(.*?\) expired on/),
        ),
        rekeyed: subjects(/^hub: (.*) gets? (?:a )?new keys?\b/),
        readdressed: subjects(/^hub: (\S+) moves from (?:10|fd)/).concat(
            subjects(/^hub: (\S+) also gets/),
            subjects(/^hub: (.*) (?:also )?get (?:new|IPv6|new IPv6) addresses/),
        ),
        rerouted: subjects(/^hub: (.*?) (?:no longer )?routes? \d/),
    });
}

/** The same, worked out of keys and addresses alone. A key that goes and comes back under another name was renamed. */
export function peersBetween(before: Program, after: Program, then: Ledger, now: Ledger): PeerFacts {
    const olds = new Map(Object.keys(then.peers).map((name) => [before.peers[name]!.publicKey, name]));
    const news = new Map(Object.keys(now.peers).map((name) => [after.peers[name]!.publicKey, name]));
    const facts: PeerFacts = { added: [], cut: [], rekeyed: [], readdressed: [], rerouted: [] };
    for (const [key, name] of olds)
        if (!news.has(key)) facts[now.peers[name] === undefined ? "cut" : "rekeyed"].push(name);
    for (const [key, name] of news) {
        const peer = now.peers[name]!;
        // By its name; under a new name by its key.
        const former = then.peers[name] === undefined ? olds.get(key) : name;
        const was = former === undefined ? undefined : then.peers[former];
        if (was === undefined) {
            facts.added.push(name);
            continue;
        }
        if (was.address !== peer.address || was.address6 !== peer.address6) facts.readdressed.push(name);
        if (String(was.routes ?? []) !== String(peer.routes ?? [])) facts.rerouted.push(name);
    }
    return sortedFacts(facts);
}
