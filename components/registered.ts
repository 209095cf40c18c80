import type * as pulumi from "@pulumi/pulumi";

import { formatPorts } from "../core/access/index.js";
import { Later, type PeerPlain, type RelayPlain, type ServicePlain } from "../core/arguments/index.js";
import type { Host } from "../providers/hosts/index.js";
import { componentInState } from "./kept.js";
import { isMocked } from "./mocked.js";

/*
 * What components register as their inputs, for policies and for who looks at the stack: the arguments that are plain values in the
 * program. What another resource supplies is left out, so that nothing of a relay waits for it, a removal least of all; and so is
 * every key and script, and what is said for one update only: taking it out of the program again plans nothing.
 */

/** How a component is registered: with what inputs, and what of that its outputs say. */
export class Registration {
    readonly inputs: pulumi.Inputs;
    /** For `registerOutputs`: by this a later run knows that the inputs are in the state. */
    readonly outputs: pulumi.Inputs;
    private begun: (component: pulumi.Resource) => void = () => undefined;

    constructor(values: pulumi.Inputs) {
        if (isMocked()) {
            // A unit test may end before more than a few inputs are registered, and Pulumi's mocks then crash in the next one.
            [this.inputs, this.outputs] = [{}, {}];
            return;
        }
        const component = new Promise<pulumi.Resource>((resolve) => (this.begun = resolve));
        const isShown = component.then(showsInputs);
        const shown = (value: unknown): Promise<unknown> => isShown.then((is) => (is ? value : undefined));
        this.inputs = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, shown(value)]));
        this.outputs = { [MARK]: shown(true) };
    }

    /** What is registered depends on what the state has under the component's names. */
    of(component: pulumi.Resource): void {
        this.begun(component);
    }
}

const MARK = "registersInputs";

/**
 * The engine plans an update of a component whose inputs are others than before. One that an older version made goes on without, for an
 * upgrade must plan nothing; unless that is wanted.
 */
async function showsInputs(component: pulumi.Resource): Promise<boolean> {
    if (process.env["QPTUNNEL_REGISTER_INPUTS"] === "1") return true;
    const before = await componentInState(component);
    if (before === undefined || before.outputs[MARK] === true) return true;
    if (Object.keys(before.outputs).length > 0) return false;
    // An update that failed leaves a component that it changed without outputs, and a service of an older version has none.
    return ![...before.state].some(([urn, outputs]) => COMPONENT.test(urn) && isUnmarked(outputs));
}

const COMPONENT = /(?:::|\$)qptunnel:index:(?:AuditSink|Peer|Relay)::[^:]*$/;

function isUnmarked(outputs: Record<string, unknown>): boolean {
    return Object.keys(outputs).length > 0 && outputs[MARK] !== true;
}

/** Without defaults: a stack may have thousands of peers. */
export function registeredPeer(args: object, plain: PeerPlain): pulumi.Inputs {
    const { publicKey, presharedKey, host, reinstate: _once, ...rest } = plain;
    const given = Object.fromEntries(Object.entries(rest).filter(([key]) => Object.hasOwn(args, key)));
    const { descriptor } = (host ?? {}) as { descriptor?: { kind: string } };
    return plainOnly({
        ...given,
        publicKey,
        ...(presharedKey === "none" ? { presharedKey } : {}),
        host: descriptor === undefined ? undefined : kindOf(descriptor),
    });
}

export function registeredService(plain: ServicePlain): pulumi.Inputs {
    return plainOnly(plain);
}

export function registeredSink(reference: object): pulumi.Inputs {
    return plainOnly(reference);
}

/** As much of a relay's arguments as it registers. */
interface Shown {
    plain: RelayPlain;
    host: Host;
    audit: { path: string };
    peers: { name: string }[];
    supplied?: unknown;
    services: { name: string }[];
}

/** Its peers and services by name, for each of them is registered too, or is data that the registry has. */
export function registeredRelay({ plain, host, audit, peers, supplied, services }: Shown): pulumi.Inputs {
    const {
        host: _described,
        audit: _named,
        peers: _listed,
        services: _exposed,
        expect: _judged,
        warnHours: _warned,
        adoptChanges: _adopted,
        replaceLostKeys: _replaced,
        forceRetire: _retired,
        privateKey,
        seed: _secret,
        ...rest
    } = plain;
    const isFile = typeof privateKey === "string" && privateKey.startsWith("file:");
    return plainOnly({
        ...rest,
        grants: inOrder(
            plain.grants.map(({ ports, to, ...grant }) => ({
                ...grant,
                // Without its network it would be a grant to the peer itself.
                ...(to.network instanceof Later ? {} : { to }),
                ...(ports instanceof Later ? {} : { ports: ports.map(formatPorts) }),
            })),
        ),
        ...(isFile ? { privateKey } : {}),
        host: kindOf(host.descriptor),
        audit: audit.path,
        // One value, whose diff is the names that come and go: an order means nothing, and a list would be compared place by place.
        ...(supplied === undefined ? { peers: namesOf(peers).join("\n") } : {}),
        services: namesOf(services),
    });
}

/** The order of grants has no effect, so another order plans no change. */
function inOrder<T extends object>(all: readonly T[]): T[] {
    const keyed = all.map((each): [string, T] => [JSON.stringify(each), each]);
    return keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

function namesOf(all: readonly { name: string }[]): string[] {
    return all.map(({ name }) => name).sort();
}

/** Another way to the same machine plans nothing: the rest is Host's. */
function kindOf({ kind }: { kind: string }): { kind: string } {
    return { kind };
}

function plainOnly(values: object): pulumi.Inputs {
    return plainValue(values) as pulumi.Inputs;
}

/** The same without what is not a plain value. */
function plainValue(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(plainValue).filter((each) => each !== undefined);
    if (Object.getPrototypeOf(value) !== Object.prototype) return undefined;
    const entries = Object.entries(value).map(([key, each]): [string, unknown] => [key, plainValue(each)]);
    return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
}
