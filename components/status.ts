import * as pulumi from "@pulumi/pulumi";

import type { RelayStatus } from "../core/status/model.js";
import { packageVersion } from "../providers/plugin/packageInfo.js";
import { isMocked } from "./mocked.js";
import type { Relay } from "./relay.js";

export type { PeerState, PeerStatus, RelayStatus, ServiceStatus } from "../core/status/model.js";

export interface StatusOptions {
    /** Also open a TLS connection to each service and tell what is negotiated now. Default: false. */
    probe?: boolean;
    /** Time limit in seconds for the relay's answer. Default: 30. */
    timeout?: number;
}

/**
 * How a relay is while the program runs: who is connected, what is served, what is not as the state says; what
 * `qp-tunnel status --json` prints of one relay. Asked in every preview and after every change of an update, once everything of the
 * relay is done. Not known in a preview that makes the relay or changes its peers. A relay that cannot be asked
 * fails nothing: `reachable` is false and `problem` says why. It is another value each time, so a stack output of it shows a change each time.
 */
export function getStatus(relay: Relay, options: StatusOptions = {}): pulumi.Output<RelayStatus> {
    const { probe = false, timeout = 30 } = options;
    const answer = pulumi.runtime.invokeOutput<{ status: string }>(
        "qptunnel:index:getStatus",
        { ...relay.question(), probe, timeout },
        { parent: relay, version: packageVersion() },
    );
    if (isMocked()) return answer.apply((outputs) => mockedStatus(outputs, relay));
    // A private SSH key among the arguments would make a secret of an answer that holds none.
    return pulumi.unsecret(answer.apply(({ status }) => JSON.parse(status) as RelayStatus));
}

/** In a unit test whose mocks do not answer: no relay was asked. */
function mockedStatus(outputs: { status?: string } | undefined, { address }: Relay): RelayStatus {
    if (typeof outputs?.status === "string") return JSON.parse(outputs.status) as RelayStatus;
    const nothing = { interfaces: [], peers: [], services: [], drift: [], notes: [], journal: [] };
    const unreachable = {
        reachable: false,
        problem: "the mocks of this unit test do not say",
        time: null,
        generation: null,
    };
    return { relay: "mock", host: address, ...unreachable, ...nothing };
}
