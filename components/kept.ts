import * as pulumi from "@pulumi/pulumi";

import { currentUrn, formerChildUrns, formerUrns, valueOf } from "./formerUrns.js";
import { isMocked } from "./mocked.js";

/*
 * Some values are nowhere but in the state: keys, seeds, authorities. The engine tells a resource that it replaces
 * (`--replace`, taint, an interrupted replacement) nothing of the one in the state, so the program looks them up there and
 * hands them over. The old resource stays in the state until the new one is in it, so an interruption loses nothing.
 */

export type Outputs = Record<string, unknown>;

/** @param state outputs of everything in the state, by URN */
export type Select = (outputs: Outputs, urn: string, state: ReadonlyMap<string, Outputs>) => Outputs;

/**
 * What the state holds of one resource, under its name or a former one, a secret; without a value for one that is not in it.
 *
 * @param select what of it is kept, of its outputs and its URN there; undefined: nothing
 */
export function keptOutputs(
    type: string,
    name: string,
    parent: pulumi.Resource | undefined,
    select: Select | undefined,
): pulumi.Output<Outputs | undefined> | undefined {
    const found = select === undefined ? undefined : resourceInState(type, name, parent);
    if (select === undefined || found === undefined) return undefined;
    return pulumi.secret(found.then((there) => there && select(there.outputs, there.urn, there.state)));
}

/** A resource that the state holds, among everything else there. */
interface InState {
    urn: string;
    outputs: Outputs;
    state: ReadonlyMap<string, Outputs>;
}

/**
 * The resource as the state has it, under its name or a former one.
 *
 * @returns a promise of undefined for one that is not in it; undefined without an engine
 */
export function resourceInState(
    type: string,
    name: string,
    parent: pulumi.Resource | undefined,
): Promise<InState | undefined> | undefined {
    const known = stateOutputs();
    if (known === undefined) return undefined;
    // As promises: an input that depends on the parent would depend on all of the parent's children, itself included.
    const urn = valueOf(pulumi.createUrn(name, type, parent));
    const former = formerChildUrns(parent, name, type);
    return firstIn(known, [urn, ...former]);
}

/** Of several names of a resource, the first that the state has. */
async function firstIn(
    known: Promise<ReadonlyMap<string, Outputs>>,
    names: readonly Promise<string>[],
): Promise<InState | undefined> {
    const [state, ...urns] = await Promise.all([known, ...names]);
    const urn = urns.find((each) => state.has(each));
    const outputs = urn === undefined ? undefined : state.get(urn);
    return urn === undefined || outputs === undefined ? undefined : { urn, outputs, state };
}

/**
 * What the state holds of a component, and of everything else.
 *
 * @returns undefined for one that is not in it, and without an engine
 */
export async function componentInState(component: pulumi.Resource): Promise<InState | undefined> {
    const known = stateOutputs();
    return known && firstIn(known, [currentUrn(component), ...formerUrns(component)]);
}

/** By the connection to the engine: the Automation API runs several programs in one process. */
const asked = new WeakMap<object, Promise<Map<string, Outputs>>>();

/** Of all resources in the state, by URN; undefined where a program runs without an engine, in unit tests. */
export function stateOutputs(): Promise<Map<string, Outputs>> | undefined {
    const engine = pulumi.runtime.getMonitor();
    if (engine === undefined || isMocked()) return undefined;
    const known = asked.get(engine) ?? readState();
    asked.set(engine, known);
    return known;
}

async function readState(): Promise<Map<string, Outputs>> {
    const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
    let failure: unknown;
    // A backend without projects knows a stack by its name alone.
    for (const stackName of [`${pulumi.getOrganization()}/${project}/${stack}`, stack]) {
        try {
            const { outputs } = (await pulumi.runtime.invoke(READ, { stackName })) as { outputs?: State };
            return new Map(Object.entries(outputs ?? {}).map(([urn, resource]) => [urn, resource.outputs ?? {}]));
        } catch (error) {
            failure ??= error;
        }
    }
    const problem = failure instanceof Error ? failure.message : String(failure);
    throw new pulumi.RunError(
        `the state of this stack: cannot be read through the engine: ${problem}; update the Pulumi CLI (a new key must not replace one that the state may have)`,
    );
}

const READ = "pulumi:pulumi:readStackResourceOutputs";

type State = Record<string, { outputs?: Outputs }>;
