import type { Certificates, ScriptChange, ScriptInputs } from "./inputs.js";
import { servicesOf } from "../proxy/services.js";
import { rulesOf } from "../grants/inputs.js";
import { resolved, type WireGuardInputs } from "../wireguard/inputs.js";
import { formatRule, parseRule } from "../../../core/access/index.js";
import { allLeaves } from "../../../core/certificates/leaves.js";
import { tableName } from "../../../core/names.js";
import { routesOf } from "../../../core/registry/defaults.js";
import { admitted } from "../../../core/protocol/admitted.js";
import { leafKeys, wantedKeys } from "../../../core/protocol/certificates.js";
import { renderPeers } from "../../../core/protocol/peers.js";
import { servedPorts } from "../../../core/protocol/services.js";
import type { Part, Requests } from "../../../core/protocol/steps.js";
import { renderLines } from "../../../core/protocol/table.js";
import { formatBundle } from "../../../core/protocol/bundle.js";
import { relayValues, stepFiles } from "../../hosts/host.js";
import { firewallParts } from "../firewall/firewall.js";
import { grantsParts } from "../grants/grants.js";
import { hostParts } from "../host/host.js";
import { targetOf } from "../relay/target.js";
import { renderProxy } from "../proxy/render.js";
import type { Desired } from "../relay/change.js";
import { renderInterfaces } from "../wireguard/epochs.js";
import { desiredPeers, renderNetwork } from "../wireguard/desired.js";

/** In their order, the steps of a script and what each is given. */
export type Payload = { [S in ScriptStep]?: Desired<S> };

type Services = ReturnType<typeof servicesOf>;

type ScriptStep = Part | "removals" | "check" | "requests" | "receipt" | "remove";

/**
 * The same steps that the resources of any other host make, with one after the first that checks what is otherwise looked at
 * from afar, one that asks for certificates, and one that reads back.
 */
export async function payloadOf(change: ScriptChange, certificates: Certificates): Promise<Payload> {
    const { inputs } = change;
    const services = servicesOf(inputs);
    const certified = withServices(change, certificates);
    const proxy = renderProxy(certified, certificates);
    const peers = desiredPeers(wireGuardOf(inputs));
    const grants = await grantsParts.desired(withoutClosed(change, certificates));
    return {
        // First what goes, as on any other host.
        removals: {
            files: {
                admitted: admitted.render(peers.map((peer) => ({ ...peer, keeps: "-" }))),
                elements: grants.files?.elements ?? "",
                services: portsOf(services, certificates),
            },
        },
        check: {
            values: { services: Object.keys(services).length },
            files: { networks: renderLines("list", networks(inputs)), routes: renderLines("list", peerRoutes(inputs)) },
        },
        host: await hostParts.desired(change),
        firewall: await firewallParts.desired(change),
        wireguard: withIdentity({
            files: {
                interfaces: renderInterfaces(wireGuardOf(inputs), inputs.interface),
                peers: renderPeers(peers),
                network: renderNetwork(wireGuardOf(inputs)),
            },
        }),
        requests: {
            files: {
                wanted: wantedKeys.render(allLeaves(services).map(({ id, algorithm }) => ({ service: id, algorithm }))),
            },
        },
        proxy: { files: { ...proxy, ...certificateFiles(services, certificates) } },
        grants,
        receipt: { files: { services: proxy.services ?? "", keys: renderLines("list", publicKeysOf(peers)) } },
    };
}

function portsOf(services: Services, certificates: Certificates): string {
    const served = Object.entries(services).filter(([name]) => certificates[name] !== undefined);
    return servedPorts.render(served.map(([name, { port }]) => ({ name, port })));
}

/** The certificates, and which of the relay's keys each is for. */
function certificateFiles(services: Services, certificates: Certificates): Requests<"proxy"> {
    const issued = allLeaves(services).flatMap(({ id, algorithm }) => {
        const certificate = certificates[id];
        return certificate === undefined ? [] : [{ file: certificate.file, key: `${id}-${algorithm}` }];
    });
    return {
        ...Object.fromEntries(
            Object.values(certificates).map(({ file, certificate }) => [`cert.${file}.pem`, certificate]),
        ),
        "leaf-keys": leafKeys.render(issued),
    };
}

function publicKeysOf(peers: { publicKey: string }[]): string[] {
    return peers.map(({ publicKey }) => publicKey);
}

/** What takes the relay off the machine. */
export const REMOVAL: Payload = { remove: {} };

/** Each step as the relay's program reads it. */
export function bundlesOf(
    { inputs, context }: ScriptChange,
    payload: Payload,
    values: Record<string, string>,
): Record<string, string> {
    const target = targetOf(inputs, context);
    const common = { ...relayValues(target), table: tableName(target.names), ...values };
    return Object.fromEntries(
        (Object.entries(payload) as [ScriptStep, Desired<ScriptStep>][]).map(([step, { values: own, files = {} }]) => [
            step,
            formatBundle(stepFiles(step, { ...common, ...own }, files)),
        ]),
    );
}

/** The inputs of WireGuard, except for the private key, which is only on the relay. */
export function wireGuardOf(inputs: ScriptInputs): WireGuardInputs {
    return resolved(inputs);
}

function withIdentity({ values, files }: Desired<"wireguard">): Desired<"wireguard"> {
    return { values: { ...values, identity: "host" }, ...(files === undefined ? {} : { files }) };
}

/** Only services that have a certificate are served. */
function withServices(change: ScriptChange, certificates: Certificates): ScriptChange {
    const services = Object.fromEntries(
        Object.entries(servicesOf(change.inputs)).filter(([name]) => certificates[name] !== undefined),
    );
    return { ...change, inputs: { ...change.inputs, services } };
}

/** There is no access to a port where nothing answers yet. */
function withoutClosed(change: ScriptChange, certificates: Certificates): ScriptChange {
    const { address, address6 } = change.inputs;
    const [services, rules] = [servicesOf(change.inputs), rulesOf(change.inputs)];
    const closed = new Set(
        Object.entries(services).flatMap(([name, { port }]) => (certificates[name] === undefined ? [port] : [])),
    );
    const isOpen = (rule: string): boolean => {
        const { to, ports } = parseRule(rule);
        return !((to === address || to === address6) && closed.has(ports.first ?? 0));
    };
    const open = Object.fromEntries(
        Object.entries(rules).map(([who, list]) => [who, list.filter(isOpen).map(parseRule).map(formatRule)]),
    );
    return { ...change, inputs: { ...change.inputs, rules: open } };
}

function networks({ subnet, subnet6 }: ScriptInputs): string[] {
    return [subnet, subnet6].filter((network) => typeof network === "string");
}

function peerRoutes(inputs: ScriptInputs): string[] {
    return Object.values(wireGuardOf(inputs).peers).flatMap(routesOf);
}
