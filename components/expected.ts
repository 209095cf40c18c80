import * as pulumi from "@pulumi/pulumi";

import { bigIntToAddress } from "../core/addresses/index.js";
import { unmet } from "../core/access/expect.js";
import { type Groups, membersOf } from "../core/access/groups.js";
import { type AccessGrant, peerIn } from "../core/access/index.js";
import { rightsOf } from "../core/access/rights.js";
import { refuse } from "../core/arguments/faults.js";
import { InvalidArgument } from "../core/errors.js";
import type { GrantSource, Ledger } from "../core/registry/model.js";
import type { ListedGrant } from "./listedGrant.js";
import type { ResolvedRelay } from "./relayArguments.js";
import { accessAt } from "./relayInputs.js";

/**
 * Refuses a program whose services and grants are not as its expectations say: before any resource of the relay exists, so that a preview
 * and an update fail alike and nothing is applied.
 *
 * @throws InvalidArgument naming every expectation that does not hold
 */
export function checkExpectations(name: string, resolved: ResolvedRelay): void {
    const { expect } = resolved.plain;
    if (expect.length === 0) return;
    const path = `relay ${name}.expect`;
    const { peers, supplied, services, plain } = resolved;
    const { groups = {} } = plain;
    if (supplied !== undefined) throw suppliedLater(`relay ${name}.peers`);
    const known = {
        peers: Object.fromEntries(peers.map((peer) => [peer.name, []])),
        services: services.map((service) => service.name),
        groups,
        subnets: [plain.subnet, ...(plain.subnet6 === undefined ? [] : [plain.subnet6])],
    };
    const grants = resolved.grants.map((grant) => knownNow(grant, `relay ${name}.grants[${grant.position}]`));
    const rights = rightsOf(accessAt({ ...resolved, grants }, anyLedger(resolved, grants), {}));
    const expectations = expect.map(({ from, ...rest }) => ({ ...rest, from: sourcesOf(from, groups) }));
    const unlisted = expect.flatMap(({ from }, index) =>
        from
            .filter((source) => typeof source !== "string" || !Object.hasOwn(groups, source))
            .map(peerIn)
            .filter((peer) => !Object.hasOwn(known.peers, peer))
            .map((peer) => ({
                path: `${path}[${index}].from`,
                problem: `"${peer}" is not a peer of this relay`,
                fix: "list it in peers, or remove it here",
            })),
    );
    const faults = [...unlisted, ...unmet(expectations, rights, known, path)];
    if (faults.length > 0) refuse(path, faults);
}

/** What is allowed must be known before anything is applied. */
function knownNow(grant: ListedGrant, path: string): AccessGrant {
    const {
        from,
        to: { peer, network },
        ports,
    } = grant;
    const now = <T>(value: T | pulumi.Output<T>, argument: string): T => {
        if (pulumi.Output.isInstance(value)) throw suppliedLater(`${path}.${argument}`);
        return value;
    };
    return {
        ...grant,
        from: from.map((origin, index) =>
            typeof origin === "string" ? origin : { ...origin, network: now(origin.network, `from[${index}].network`) },
        ),
        to: {
            ...(peer === undefined ? {} : { peer }),
            ...(network === undefined ? {} : { network: now(network, "to.network") }),
        },
        ports: now(ports, "ports"),
    };
}

function suppliedLater(path: string): InvalidArgument {
    const verb = /\.(?:ports|peers)$/.test(path) ? "come" : "comes";
    return new InvalidArgument(
        path,
        `${verb} from another resource, and \`expect\` is checked before any resource exists`,
        `give ${verb === "come" ? "plain values" : "a plain value"}, or remove \`expect\``,
    );
}

/** Names of peers, groups among them no more, and networks. */
function sourcesOf(from: readonly GrantSource[], groups: Groups): string[] {
    const names = from.filter((source) => typeof source === "string");
    const networks = from.flatMap((source) => (typeof source === "string" ? [] : [source.network]));
    return [...membersOf(names, groups).keys(), ...networks];
}

/**
 * The ledger decides addresses and ports. Rights are judged by names and networks, so any addresses will do, as long as each peer has its
 * own, and any ports.
 */
function anyLedger(
    { peers, services, address6 }: ResolvedRelay,
    grants: AccessGrant[],
): Pick<Ledger, "peers" | "services"> {
    return {
        peers: Object.fromEntries(
            peers.map(({ name, plain: { routes } }, index) => [
                name,
                {
                    address: bigIntToAddress(LOOPBACK + BigInt(index), 4),
                    ...(address6 === undefined ? {} : { address6: bigIntToAddress(DISCARD + BigInt(index), 6) }),
                    // Whether it has what is granted is checked when it is known.
                    routes: pulumi.Output.isInstance(routes) ? networksGranted(grants, name) : routes,
                },
            ]),
        ),
        services: Object.fromEntries(
            services.map(({ name, plain }, index) => [name, { port: plain.port ?? index + 1 }]),
        ),
    };
}

/** 127.0.0.1, and the first of the discard prefix (RFC 6666): addresses that no tunnel and no route has. */
const LOOPBACK = 0x7f000001n;
const DISCARD = 0x0100n << 112n;

function networksGranted(grants: AccessGrant[], name: string): string[] {
    return grants
        .flatMap(({ from, to }) => [...from, to])
        .flatMap((end) =>
            typeof end === "object" && end.peer === name && end.network !== undefined ? [end.network] : [],
        );
}
