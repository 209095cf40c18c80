import type { Adopting } from "./terms.js";
import type { WireGuardPlan } from "../wireguard/inputs.js";
import type { WireGuardChange } from "../wireguard/change.js";
import type { PlacedInputs } from "../relay/placed.js";
import { fingerprint } from "../../../core/keys/index.js";
import type { RegistryPeer } from "../../../core/registry/model.js";
import type { Answers } from "../../../core/protocol/steps.js";
import { former as formerValues } from "../../../core/protocol/facts.js";
import { isAskedInPreview } from "./adoptionCheck.js";
import type { Announcement } from "../relay/announcement.js";
import { peersOf } from "../wireguard/peerChanges.js";
import { type Properties, type PropertySchema, UNKNOWN } from "../resource.js";
import { count, listNames } from "../sentences.js";

/** Told to what must know that an interface of that name may be there already, and whose it then is. */
export const ADOPTS_INPUT: Record<string, PropertySchema> = {
    adopts: {
        type: "string",
        description: "Public key of an existing interface that may be adopted.",
        optional: true,
    },
};

/** For the relay's program: the public key that makes a foreign interface this relay's. */
export function adoptsValue({ adopts }: Properties): { adopts?: string } {
    return typeof adopts === "string" && adopts !== "" ? { adopts } : {};
}

/**
 * What the first `up` does to a relay whose private key was given. A preview cannot know whether the interface will be there, so
 * it says both; and whether it has looked at it.
 */
export function adoptionSentences(inputs: WireGuardPlan): string[] {
    const { relay, interface: device, host } = inputs;
    const peers = Object.entries(peersOf(inputs));
    const looked = isAskedInPreview(host) ? "" : `this preview does not read ${device}: `;
    const bearing = `the key ${keyText(inputs)}`;
    const sentences = [
        `if ${device} is up and has ${bearing}, it is adopted as it is: keys, addresses and sessions of ${who(peers)} stay`,
        `${looked}before the update adopts ${looked === "" ? device : "it"}, it compares it with this program: if it has other peers, or if any preshared key, allowed IP, address, route, port, MTU, mark or forwarding would change, the update lists the differences and changes nothing, unless \`adoptChanges\` accepts them`,
        `if ${device} has a different key, nothing is changed and the update fails; if it does not exist, it is created and listens on UDP port ${String(inputs.listenPort)}`,
    ];
    return sentences.map((sentence) => `${relay}: ${sentence}`);
}

/** What an adoption means for the firewall. */
export function keepsForwarding(inputs: PlacedInputs & Adopting): string[] {
    if (inputs.adopts === undefined) return [];
    const { relay, interface: device } = inputs;
    return [
        `${relay}: if ${device} is adopted, it keeps forwarding as today until the grants are loaded; the relay's own ports are closed to its peers at once, except for ping and services`,
        `${relay}: if ${device} is adopted, the machine's own connections to peers end, except those to the upstreams of services, and so do connections from outside into the tunnel: a port that was forwarded to a peer is closed. For peers, use a service (ExposedService) instead; for other clients, make a proxy in a container or on another machine a peer, with a grant`,
    ];
}

/** The record of an adoption; and who else still brings up that interface is said at every apply. */
export function adoptionOf({ inputs, context }: WireGuardChange, answer: Answers<"wireguard">): Announcement[] {
    const { relay, interface: device } = inputs;
    for (const sentence of formerSentences(device, answer)) context.log("warning", `${relay}: ${sentence}`);
    if (answer.adopted === undefined) return [];
    const peers = Object.keys(peersOf(inputs)).length;
    const message = `Adopted interface ${device} as relay ${relay}, with ${count(peers, "peer")}: nothing on it was recreated`;
    context.log(
        "info",
        `${relay}: ${device} was adopted: keys, addresses and sessions of ${count(peers, "peer")} stayed`,
    );
    return [
        { action: "relay_adopt", message, details: { relay, interface: device, public_key: inputs.adopts, peers } },
    ];
}

/** Who else brings up the interface, and what to do about it. */
export function formerSentences(device: string, answer: Answers<"wireguard">): string[] {
    const { all } = formerValues.parse(answer.former);
    return [
        ...all("unit").map(
            (unit) =>
                `${unit} is enabled and would bring up ${device} at boot with its own file; run \`systemctl disable ${unit}\` (without --now, which would take the tunnel down)`,
        ),
        ...all("service").map(
            (service) => `the service ${service} brings up ${device} at boot; run \`rc-update del ${service}\``,
        ),
        ...all("saved").map(
            (file) =>
                `${file} still exists, with SaveConfig = true: wg-quick would overwrite it and restore removed peers; move it away`,
        ),
        ...all("file").map(
            (file) => `${file} still exists: wg-quick would bring up ${device} with former peers; move it away`,
        ),
        ...all("network").map((file) => `${file} configures ${device} as well; remove that from it`),
    ];
}

function keyText({ adopts }: Properties): string {
    return adopts === UNKNOWN || typeof adopts !== "string" ? "that belongs to `privateKey`" : fingerprint(adopts);
}

const FEW = 200;

function who(peers: [string, RegistryPeer][]): string {
    if (peers.length === 0) return "nobody";
    const names = peers.map(([name, { address }]) => `${name} (${address})`);
    return peers.length <= FEW ? listNames(names, FEW) : count(peers.length, "peer");
}
