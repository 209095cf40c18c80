/** The parts of a resource's URN: urn:pulumi:stack::project::parentType$type::name. */
interface Urn {
    stack: string;
    project: string;
    /** Last part of the type token: "WireGuard" of qptunnel:index:WireGuard. */
    type: string;
    name: string;
}

/** @throws Error when it is not a URN */
export function parseUrn(urn: string): Urn {
    const parts = /^urn:pulumi:(.+?)::(.+?)::(.+?)::(.+)$/s.exec(urn);
    if (!parts) {
        throw new Error(`the engine sent "${urn}", which is not a URN`);
    }
    const [, stack, project, types, name] = parts as unknown as [string, string, string, string, string];
    return { stack, project, type: types.slice(types.lastIndexOf("$") + 1).replace(/^.*:/, ""), name };
}
