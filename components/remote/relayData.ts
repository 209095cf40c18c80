import { InvalidArgument } from "../../core/errors.js";
import { hosts, type Host } from "../../providers/hosts/index.js";
import { OwnLog, OwnPeer, OwnService } from "../ownParts.js";
import type { PeerArgs } from "../peer.js";
import type { RelayArgs } from "../relayTypes.js";

/*
 * A relay as data, as every language can say it: hosts are tagged objects, peers and services are lists of objects, and peers
 * are meant by their names. What these say becomes the arguments of the TypeScript components, which check them.
 */

type Data = Record<string, unknown>;

/** @throws InvalidArgument where something is so malformed that the components could not name it */
export function relayArgsOf(name: string, data: Data): RelayArgs {
    const subject = `relay ${name}`;
    const { host, peers, services, audit, ...rest } = data;
    return {
        ...rest,
        host: hostOf(host, `${subject}.host`),
        audit: new OwnLog(objectOf(audit ?? {}, `${subject}.audit`)),
        ...(peers === undefined ? {} : { peers: each(peers, `${subject}.peers`, peerOf) }),
        ...(services === undefined ? {} : { services: each(services, `${subject}.services`, serviceOf) }),
    } as unknown as RelayArgs;
}

/** With a key of its own and nothing else, a peer is plain data for the components too. */
function peerOf(entry: unknown, subject: string): unknown {
    const { name, host, handedOut, formerNames, ...rest } = objectOf(entry, subject);
    const former = namesIn(formerNames, `${subject}.formerNames`);
    // SDKs send defaults as well.
    const given = { ...rest, ...(handedOut === undefined || handedOut === false ? {} : { handedOut }) };
    const isPlain = "publicKey" in given && host === undefined && !("handedOut" in given) && !("interface" in given);
    if (isPlain) return { name, ...given };
    const args = { ...given, ...(host === undefined ? {} : { host: hostOf(host, `${subject}.host`) }) };
    return new OwnPeer(nameOf(name, subject), args as PeerArgs, former);
}

function serviceOf(entry: unknown, subject: string): OwnService {
    const { name, formerNames, ...given } = objectOf(entry, subject);
    const former = namesIn(formerNames, `${subject}.formerNames`);
    // Python's SDK serializes no value that is a list or a string: the word is a list there.
    const { allow } = given;
    const isEverybody = Array.isArray(allow) && allow.length === 1 && allow[0] === "everyone";
    const args = isEverybody ? { ...given, allow: "everyone" } : given;
    return new OwnService(nameOf(name, subject), args as unknown as OwnService["args"], former);
}

/** A host by its kind. What is wrong with it is named as the program says it. */
function hostOf(data: unknown, subject: string): Host {
    const { kind, ...options } = objectOf(data, subject, 'give one: { kind: "local" }');
    const make = typeof kind === "string" && Object.hasOwn(MAKERS, kind) ? MAKERS[kind] : undefined;
    if (make === undefined) {
        const problem = kind === undefined ? "is missing" : "is not an allowed value";
        const kinds = Object.keys(MAKERS).map((each) => `"${each}"`);
        throw new InvalidArgument(
            `${subject}.kind`,
            problem,
            `choose ${kinds.slice(0, -1).join(", ")} or ${kinds.at(-1)}`,
        );
    }
    try {
        return make(options);
    } catch (error) {
        if (!(error instanceof InvalidArgument)) throw error;
        const own = `hosts.${String(kind)}`;
        throw new InvalidArgument(
            error.subject.replace(own, subject),
            error.problem,
            error.fix.replaceAll(`${own}.`, `${subject}.`),
        );
    }
}

const MAKERS: Partial<Record<string, (options: Data) => Host>> = {
    local: (options) => hosts.local(options),
    ssh: (options) => hosts.ssh(options as unknown as Parameters<typeof hosts.ssh>[0]),
    digitalOcean: (options) => hosts.digitalOcean(options),
    script: (options) => hosts.script(options as unknown as Parameters<typeof hosts.script>[0]),
};

/** Each entry of a list; what is not a list is left for the relay's own schema to name. */
function each(list: unknown, subject: string, convert: (entry: unknown, subject: string) => unknown): unknown {
    return Array.isArray(list) ? list.map((entry, index) => convert(entry, `${subject}[${index}]`)) : list;
}

function nameOf(name: unknown, subject: string): string {
    if (typeof name === "string") return name;
    const problem = name === undefined ? "is missing" : "is not a string that is known when the program runs";
    throw new InvalidArgument(`${subject}.name`, problem, "give a name");
}

function namesIn(names: unknown, subject: string): string[] {
    if (names === undefined) return [];
    const isList = Array.isArray(names) && names.every((name) => typeof name === "string");
    if (!isList) throw new InvalidArgument(subject, "is not a list of names", 'give one, like ["nas"]');
    return names;
}

function objectOf(value: unknown, subject: string, fix = "give an object"): Data {
    const isPlain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
    if (isPlain) return value as Data;
    throw new InvalidArgument(
        subject,
        value === undefined ? "is missing" : "is not an object that is known when the program runs",
        fix,
    );
}
