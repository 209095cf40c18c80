import { peerKey } from "../../core/registry/peerKey.js";
import { z } from "zod";

import type { ClientConfig } from "../../core/client/config.js";
import { clientConfigOf } from "../../core/client/configOf.js";
import type { ClientSettings } from "../../core/client/settings.js";
import { epochPlaces } from "../../core/keys/epochs.js";
import { InvalidArgument } from "../../core/errors.js";
import type { RegistryPeer } from "../../core/registry/model.js";
import { SEALED, isRelay, stored, type StackResource } from "../state.js";

const TEXTS = z.record(z.string(), z.string());
const OPEN = z.custom<unknown>((value) => value !== SEALED, "is sealed");
const PEERS = z.record(
    z.string(),
    z.looseObject({
        address: z.string(),
        address6: z.string().exactOptional(),
        publicKey: z.string().exactOptional(),
        keyEpoch: z.int().exactOptional(),
        admitted: z.int().exactOptional(),
    }),
);
const SETTINGS = z.object({
    appName: z.string(),
    subnet: z.string(),
    subnet6: z.string().exactOptional(),
    mtu: z.int(),
    keepalive: z.int(),
    dns: z.array(z.string()).exactOptional(),
    networks: z.record(z.string(), z.array(z.string())),
});

/** The peer, the relay and its key epoch; undefined: the only relay, the newest epoch. */
interface Wanted {
    peer: string;
    relay: string | undefined;
    epoch: number | undefined;
}

/**
 * The content of a peer's file, from a state with decrypted secrets.
 *
 * @throws InvalidArgument when the state has no such peer, relay or epoch, or was applied by an older version
 */
export function peerConfig(resources: StackResource[], wanted: Wanted): ClientConfig {
    const tunnel = tunnelOf(resources, wanted);
    const { inputs, urn } = tunnel;
    const relay = String(inputs["relay"]);
    const peers: Record<string, RegistryPeer> = peersOf(tunnel);
    const entry = peers[wanted.peer];
    if (entry === undefined) throw unlisted(wanted.peer, `relay ${relay} lists ${names(Object.keys(peers))}`);
    const component = resources.find(({ kind, name }) => kind === "Relay" && name === relay);
    const settings = component?.outputs["clients"];
    if (component === undefined || settings === undefined)
        throw new InvalidArgument(`relay ${relay}`, "was last applied by an older version", "run pulumi up once");
    const seed = resources.find(({ kind, inputs: of }) => kind === "Seed" && of["relay"] === relay);
    const own = keyPairOf(resources, "Peer", wanted.peer);
    const publicKey =
        peerKey(wanted.peer, entry, take(TEXTS, inputs["publicKeys"] ?? {}, "the keys", urn)) ?? own?.["publicKey"];
    const given = take(TEXTS, opened(inputs["presharedKeys"] ?? {}), "the preshared keys", urn)[wanted.peer];
    return clientConfigOf({
        ...{ relay, peer: wanted.peer, entry },
        settings: take<ClientSettings>(SETTINGS, settings, "the client settings", component.urn),
        publicKey: take(z.string(), publicKey, `the key of ${wanted.peer}`, urn),
        privateKey: privateKeyOf(own),
        presharedKey: given,
        seed: take(z.string(), opened(seed?.outputs["seed"]), "the seed", seed?.urn ?? urn),
        ...whereTo(component, tunnel, resources, wanted.epoch),
    });
}

function tunnelOf(resources: StackResource[], { peer, relay }: Wanted): StackResource {
    const tunnels = resources.filter(isRelay);
    const relays = names(tunnels.map(({ inputs }) => String(inputs["relay"])));
    const named = tunnels.filter(({ inputs }) => relay === undefined || inputs["relay"] === relay);
    if (named.length === 0 && relay !== undefined)
        throw new InvalidArgument(
            `--relay ${relay}`,
            `the stack has no such relay; its relays are ${relays}`,
            "choose one of them",
        );
    const [found, ...others] = named.length === 1 ? named : named.filter((each) => Object.hasOwn(peersOf(each), peer));
    if (found === undefined) throw unlisted(peer, `the stack has the relays ${relays}`);
    if (others.length === 0) return found;
    const several = names([found, ...others].map(({ inputs }) => String(inputs["relay"])));
    throw new InvalidArgument("--relay", `${peer} is on several relays: ${several}`, "choose one of them");
}

function peersOf({ inputs, urn }: StackResource): Record<string, RegistryPeer> {
    return take(PEERS, inputs["peers"] ?? {}, "the peers", urn);
}

/** The relay's key and endpoint of the requested epoch, by default the newest. */
function whereTo(
    { outputs, urn }: StackResource,
    { inputs }: StackResource,
    resources: StackResource[],
    wanted: number | undefined,
): { relayPublicKey: string; endpoint: string } {
    const endpoint = take(z.string(), outputs["endpoint"], "the endpoint", urn);
    const newest = { relayPublicKey: take(z.string(), outputs["publicKey"], "the public key", urn), endpoint };
    if (newest.relayPublicKey === "")
        throw new InvalidArgument("the relay", "has no key yet", "run its script there and set the receipt");
    if (wanted === undefined) return newest;
    const epochs = take(z.array(z.int()), inputs["epochs"] ?? [1], "the epochs", urn);
    if (!epochs.includes(wanted))
        throw new InvalidArgument(
            `--epoch ${wanted}`,
            `the relay has ${names(epochs.map(String))}`,
            "give one of them",
        );
    if (wanted === Math.max(...epochs)) return newest;
    const port = (epoch: number): number => epochPlaces([epoch], "", 0)[0]?.port ?? 0;
    const pair = keyPairOf(resources, "Relay", String(inputs["relay"]), wanted);
    return {
        relayPublicKey: take(z.string(), pair?.["publicKey"], `the public key of epoch ${wanted}`, urn),
        // A NAT in front of the relay is expected to keep the difference between the two ports.
        endpoint: endpoint.replace(/\d+$/, (text) => String(Number(text) + port(wanted) - port(Math.max(...epochs)))),
    };
}

function keyPairOf(
    resources: StackResource[],
    parent: "Peer" | "Relay",
    owner: string,
    epoch?: number,
): Record<string, unknown> | undefined {
    const pairs = resources.filter((each) => each.kind === "KeyPair" && each.parent === parent);
    return pairs.find(({ inputs }) => inputs["owner"] === owner && (epoch === undefined || inputs["epoch"] === epoch))
        ?.outputs;
}

/** Empty once the owner has the key, and absent for a peer with its own key. */
function privateKeyOf(pair: Record<string, unknown> | undefined): string | undefined {
    const key = opened(pair?.["privateKey"]);
    return typeof key === "string" ? key : undefined;
}

function opened(value: unknown): unknown {
    if (OPEN.safeParse(value).success) return value;
    throw new InvalidArgument(
        "--state",
        "its secrets are encrypted",
        "omit it to use the engine, or export with --show-secrets into a file that only you can read",
    );
}

function unlisted(peer: string, problem: string): InvalidArgument {
    return new InvalidArgument(`peer ${peer}`, `is on no relay: ${problem}`, "see qp-tunnel list");
}

function take<T>(schema: z.ZodType<T>, value: unknown, what: string, urn: string): T {
    return stored(schema, value, what, urn, "the stack's state");
}

function names(all: string[]): string {
    return all.length === 0 ? "nobody" : all.join(", ");
}
