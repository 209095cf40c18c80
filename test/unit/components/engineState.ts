import * as pulumi from "@pulumi/pulumi";

import * as mocked from "../../../components/mocked.js";

const READ = "pulumi:pulumi:readStackResourceOutputs";

export type State = Record<string, Record<string, unknown>>;

/** The URN of a resource without a parent, as the engine has it. */
export function urnOf(type: string, name: string): string {
    return `urn:pulumi:prod::office::qptunnel:index:${type}::${name}`;
}

/**
 * Runs a program as an engine does that has a state: outputs of its resources, by URN.
 *
 * @returns inputs of each resource that was registered, by name; the stacks whose state was asked for
 */
export async function withState(
    state: State | Error,
    build: () => unknown,
): Promise<{ inputs: Record<string, Record<string, unknown>>; asked: string[] }> {
    jest.spyOn(mocked, "isMocked").mockReturnValue(false);
    const inputs: Record<string, Record<string, unknown>> = {};
    const asked: string[] = [];
    await pulumi.runtime.setMocks(
        {
            newResource({ name, inputs: told }) {
                inputs[name] = told as Record<string, unknown>;
                return { id: name, state: told as object };
            },
            call({ token, inputs: question }) {
                if (token !== READ) return {};
                asked.push(String(question["stackName"]));
                if (state instanceof Error) throw state;
                const outputs = Object.entries(state).map(([urn, each]) => [urn, { outputs: each }]);
                return { outputs: Object.fromEntries(outputs) as object };
            },
        },
        "office",
        "prod",
        false,
        "acme",
    );
    await build();
    await pulumi.runtime.disconnect();
    return { inputs, asked };
}
