import { bigIntToAddress } from "../core/addresses/index.js";
import { unmet } from "../core/access/expect.js";
import { peerIn } from "../core/access/index.js";
import { rightsOf } from "../core/access/rights.js";
import { refuse } from "../core/arguments/faults.js";
import { type GrantPlain, Later } from "../core/arguments/index.js";
import { InvalidArgument } from "../core/errors.js";
import type { GrantSource, Ledger, Ports } from "../core/registry/model.js";
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
    const { peers, services, plain } = resolved;
    const known = {
        peers: Object.fromEntries(peers.map((peer) => [peer.name, []])),
        services: services.map((service) => service.name),
        subnets: [plain.subnet, ...(plain.subnet6 === undefined ? [] : [plain.subnet6])],
    };
    const grants = resolved.grants.map((grant, index) => withPlainPorts(grant, `relay ${name}.grants[${index}].ports`));
    const rights = rightsOf(accessAt({ ...resolved, grants }, anyLedger(resolved), {}));
    const expectations = expect.map(({ from, ...rest }) => ({ ...rest, from: from.map(sourceOf) }));
    const unlisted = expect.flatMap(({ from }, index) =>
        from
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
function withPlainPorts(grant: GrantPlain, path: string): GrantPlain & { ports: Ports[] } {
    const { ports } = grant;
    if (ports instanceof Later)
        throw new InvalidArgument(
            path,
            "come from another resource, and `expect` is checked before any resource exists",
            "give plain values, or remove `expect`",
        );
    return { ...grant, ports };
}

function sourceOf(source: GrantSource): string {
    return typeof source === "string" ? source : source.network;
}

/**
 * The ledger decides addresses and ports. Rights are judged by names and networks, so any addresses will do, as long as each peer has its
 * own, and any ports.
 */
function anyLedger({ peers, services, address6 }: ResolvedRelay): Pick<Ledger, "peers" | "services"> {
    return {
        peers: Object.fromEntries(
            peers.map(({ name, plain: { routes } }, index) => [
                name,
                {
                    address: bigIntToAddress(LOOPBACK + BigInt(index), 4),
                    ...(address6 === undefined ? {} : { address6: bigIntToAddress(DISCARD + BigInt(index), 6) }),
                    routes,
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
