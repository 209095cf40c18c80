import * as pulumi from "@pulumi/pulumi";

import { AuditSink, hosts, Relay, type RelayArgs } from "../../../components/index.js";
import { runProgram, type Registered } from "../program.js";

export const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
export const OTHER = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";

/** Relay hub of a program, on this machine and with one peer unless a test says something else. */
export function hub(args: Partial<RelayArgs> = {}, options?: pulumi.ComponentResourceOptions): Relay {
    return new Relay(
        "hub",
        {
            host: hosts.local(),
            endpoint: "192.0.2.7",
            audit: new AuditSink("audit"),
            peers: [{ name: "alice", publicKey: KEY }],
            ...args,
        },
        options,
    );
}

export interface Made {
    all: Registered[];
    /** Inputs of the resource of a name. */
    of(name: string): Record<string, unknown>;
    /** Names of the resources of a type of the plugin. */
    named(type: string): string[];
}

/** What a program with that relay registers. */
export async function made(
    args: () => Partial<RelayArgs> = () => ({}),
    options?: pulumi.ComponentResourceOptions,
): Promise<Made> {
    const { registered: all } = await runProgram(() => void hub(args(), options));
    return {
        all,
        of(name) {
            const found = all.find((each) => each.name === name);
            if (found === undefined)
                throw new Error(`${name} was not registered: ${all.map((each) => each.name).join(" ")}`);
            return found.inputs;
        },
        named: (type) => all.filter((each) => each.type === `qptunnel:index:${type}`).map(({ name }) => name),
    };
}

/** What is said as a warning for the rest of a test. */
export function warnings(): string[] {
    const said: string[] = [];
    jest.spyOn(pulumi.log, "warn").mockImplementation((message) => Promise.resolve(void said.push(message)));
    return said;
}
