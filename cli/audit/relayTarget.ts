import { InvalidArgument } from "../../core/errors.js";
import type { HostDescriptor } from "../../providers/hosts/descriptors.js";
import type { Target } from "../../providers/hosts/host.js";
import type { StackState } from "./state.js";

/**
 * A relay as an exported stack says where it is. A private key in the state is ciphertext there: the operator's own
 * agent or identity file opens the way.
 */
export function relayTarget({ relay, project, stack, inputs }: StackState["interfaces"][number]): Target {
    const { host, appName, interface: device, hostKey } = inputs as Record<string, string> & { host: HostDescriptor };
    const seen = typeof hostKey === "string" && hostKey !== "";
    return {
        host: host.kind === "ssh" && host.hostKey === undefined && seen ? { ...host, hostKey } : host,
        names: { appName: appName ?? "", interface: device ?? "" },
        owner: `${project}/${stack}/${relay}`,
    };
}

/** @param name needed only when the stack has several relays */
export function chosenRelay({ interfaces }: StackState, name: string | undefined): Target {
    const [chosen, ...others] = interfaces.filter(({ relay }) => name === undefined || relay === name);
    const names = interfaces.map(({ relay }) => relay).join(", ") || "none";
    if (chosen === undefined)
        throw new InvalidArgument("--from-relay", `the state has no such relay, only ${names}`, "name one of them");
    if (others.length > 0)
        throw new InvalidArgument("--from-relay", `the state has several relays: ${names}`, "name one of them");
    return relayTarget(chosen);
}
