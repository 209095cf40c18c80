import type { AuditRef } from "../../audit/log.js";
import type { RecordMark } from "../../../core/audit/record.js";
import type { PlacedInputs } from "../relay/placed.js";
import { parseEndpoint } from "../../../core/arguments/text.js";
import { HostError, InvalidArgument } from "../../../core/errors.js";
import { checkAppName, checkInterface } from "../../../core/names.js";
import { bigIntToAddress, range } from "../../../core/addresses/index.js";
import type { Answers } from "../../../core/protocol/steps.js";
import { parseMark } from "../../../core/protocol/mark.js";
import { network } from "../../../core/protocol/network.js";
import { ownerOf } from "../../../core/protocol/owner.js";
import { describeHost, type HostDescriptor } from "../../hosts/descriptors.js";
import { factsOf } from "../../hosts/facts.js";
import type { Target } from "../../hosts/host.js";
import { knownHostKey } from "../../hosts/knownHosts.js";
import type { Context } from "../resource.js";

/** A relay that is on a machine and not in the state, as its resources see it. */
export interface Found {
    target: Target;
    /** Inputs that all of them have. */
    placed: PlacedInputs;
    /** Inputs that tell one machine from another. */
    machine: { machine: string; hostKey: string };
    /** The log's record under which the relay was last changed. */
    record: RecordMark;
    context: Context;
}

/**
 * Finds the relay that an import's id names: `local/wg0`, `namespace:NAME/wg0` or `[user@]address[:port]/wg0`, with `/appName` behind it
 * when that is not qp-tunnel. A machine over SSH shows the host key that this user's known_hosts has.
 *
 * @returns undefined when no relay of ours is there
 * @throws HostError when it belongs to another stack
 */
export async function findRelay(id: string, context: Context): Promise<Found | undefined> {
    const { host, device, appName } = await parseId(id);
    const names = { appName, interface: device };
    const facts = await factsOf({ host, names, owner: "" });
    if (facts.owner === undefined || facts.auditMark === undefined) return undefined;
    const { owner, relayId } = facts;
    const here = ownerOf(context, "");
    if (!owner.startsWith(here)) {
        throw new HostError(
            describeHost(host),
            `${appName}-${device} belongs to ${owner}, this is ${here}…`,
            "import the relay into that stack",
        );
    }
    const { project, stack } = context;
    const audit: AuditRef & { mirror: boolean } = {
        path: `audit/${stack}.jsonl`,
        project,
        stack,
        mirror: true,
        onBehind: "fail",
    };
    return {
        target: { host, names, owner, ...(relayId === undefined ? {} : { relayId }) },
        placed: {
            relay: owner.slice(here.length),
            ...(relayId === undefined ? {} : { relayId }),
            host,
            appName,
            interface: device,
            // Where the program keeps it may differ; that is no change.
            audit,
            confirmTimeout: 60,
        },
        machine: { machine: facts.machine, hostKey: host.kind === "ssh" ? (host.hostKey ?? "") : "" },
        record: { ...parseMark(facts.auditMark, describeHost(host)) },
        context,
    };
}

async function parseId(id: string): Promise<{ host: HostDescriptor; device: string; appName: string }> {
    const [place = "", device = "", appName = "qp-tunnel", ...more] = id.split("/");
    if (place === "" || device === "" || more.length > 0) {
        throw new InvalidArgument(
            `import id "${id}"`,
            "is not a host and an interface",
            'write one like "local/wg0", "namespace:try/wg0" or "admin@203.0.113.7:22/wg0"',
        );
    }
    checkInterface(device, `import id "${id}"`);
    checkAppName(appName, `import id "${id}"`);
    return { host: await hostOf(place, id), device, appName };
}

async function hostOf(place: string, id: string): Promise<HostDescriptor> {
    if (place === "local") return { kind: "local" };
    const namespace = /^namespace:(.+)$/.exec(place)?.[1];
    if (namespace !== undefined) return { kind: "local", namespace };
    const [, user = "root", rest = ""] = /^(?:([^@]+)@)?(.+)$/.exec(place) ?? [];
    const { host: address, port = 22 } = parseEndpoint(rest, `import id "${id}"`);
    const hostKey = await knownHostKey(address, port);
    if (hostKey === undefined) {
        throw new InvalidArgument(
            `import id "${id}"`,
            `your known_hosts has no key of ${address}`,
            "connect once with ssh and compare the fingerprint with the one on the machine",
        );
    }
    return { kind: "ssh", address, port, user, sudo: user !== "root", packages: "install", hostKey };
}

/** What the relay's record says of its networks. */
export interface RecordedNetwork {
    subnet: string;
    subnet6?: string;
    address: string;
    address6?: string;
    prefix: number;
    prefix6?: number;
    mtu: number;
    /** Behind the relay. */
    routes: string[];
}

export function recordedNetwork(answer: Answers<"read">): RecordedNetwork {
    const { one, all } = network.parse(answer["record.network"]);
    const [four = "", six] = [
        all("address").find((text) => !text.includes(":")),
        all("address").find((text) => text.includes(":")),
    ];
    const [address = "", prefix] = four.split("/");
    const [address6, prefix6] = six?.split("/") ?? [];
    return {
        subnet: networkOf(four),
        address,
        prefix: Number(prefix),
        ...(six === undefined || address6 === undefined
            ? {}
            : { subnet6: networkOf(six), address6, prefix6: Number(prefix6) }),
        mtu: Number(one("mtu")),
        routes: all("behind"),
    };
}

/** 10.8.0.1/24 is in 10.8.0.0/24. */
function networkOf(text: string): string {
    const { first, family } = range(text);
    return `${bigIntToAddress(first, family)}/${text.split("/")[1]}`;
}
