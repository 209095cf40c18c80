import { publicKeyOf } from "../core/keys/index.js";
import { Refused } from "../core/errors.js";
import type { Fault } from "../core/fault.js";
import { firewallParts } from "../providers/resources/firewall/firewall.js";
import { grantsParts } from "../providers/resources/grants/grants.js";
import { hostParts } from "../providers/resources/host/host.js";
import { hostKey } from "../providers/resources/keys/hostKey.js";
import { keyPair } from "../providers/resources/keys/keyPair.js";
import { nextLedger } from "../providers/resources/ledger/allocation.js";
import { readRegistry } from "../providers/resources/ledger/inputs.js";
import { proxyParts } from "../providers/resources/proxy/proxy.js";
import { effectsOf, logSentences } from "../providers/resources/relay/compare.js";
import type { RelayResourceParts } from "../providers/resources/relay/parts.js";
import type { PlacedInputs, PlacedOutputs } from "../providers/resources/relay/placed.js";
import { type Context, type Properties, type Resource } from "../providers/resources/resource.js";
import { script } from "../providers/resources/script/script.js";
import { wireguardParts } from "../providers/resources/wireguard/wireguard.js";

/** What the plugin knows of a new resource in a preview. It says the preview's sentences through the context. */
type Preview = (inputs: Properties, context: Context) => Properties | Promise<Properties>;

/*
 * The plugin's own resources, as far as they reach no machine and no log: they check the inputs, say what the preview says, and tell what
 * is known before an apply.
 */
export const PREVIEWS: Record<string, Preview> = {
    KeyPair: async (inputs, context) => {
        refuse((await keyPair.check(inputs, undefined, context)).failures);
        const { privateKey } = inputs;
        // What was adopted is no mock; what is generated is.
        return typeof privateKey === "string" ? { publicKey: publicKeyOf(privateKey), privateKey } : {};
    },
    Registry(inputs, context) {
        const { ledger, problems } = nextLedger(readRegistry(inputs), undefined, context);
        refuse(problems);
        return { ...ledger };
    },
    HostKey: whole(hostKey),
    Host: part(hostParts),
    Firewall: part(firewallParts),
    WireGuard: part(wireguardParts),
    Proxy: part(proxyParts),
    Grants: part(grantsParts),
    Script: whole(script),
};

function whole(resource: Resource): Preview {
    return async (inputs, context) => {
        const { inputs: complete, failures } = await resource.check(inputs, undefined, context);
        refuse(failures);
        return (await resource.create(complete, context)).outputs;
    };
}

/** Without what a preview does besides: an interface that is taken over is looked at on its machine. */
function part<I extends PlacedInputs, O extends PlacedOutputs>(parts: RelayResourceParts<I, O>): Preview {
    return (given, context) => {
        const told = parts.complete?.(given, undefined) ?? given;
        refuse(parts.unfit?.(told) ?? []);
        const inputs = parts.parse(told);
        refuse(parts.check?.(inputs, undefined) ?? []);
        const change = { inputs, context };
        logSentences(change, [...(parts.warnings?.(change) ?? []), ...effectsOf(parts, change)]);
        return parts.previewOutputs(change);
    };
}

function refuse(faults: Fault[]): void {
    if (faults.length > 0) throw new Refused(faults);
}
