import type { ConstructRequest, ConstructResponse } from "../service.js";
import type { NamedTypes, TypedProperties } from "../types.js";

/** A component for programs in every language: the engine asks the plugin to declare it. */
export interface RemoteComponent {
    /**
     * Declares the component and all that it is made of, and answers once the engine has registered everything.
     *
     * @param engine where the engine listens
     */
    construct(request: ConstructRequest, engine: string): Promise<ConstructResponse>;
}

/** What the package's schema says of a component. */
export interface ComponentSchema {
    description: string;
    inputs: TypedProperties;
    outputs: TypedProperties;
    /** Types that the properties are of. */
    types: NamedTypes;
}

interface ComponentEntry {
    /** Only a call of this loads Pulumi's SDK and the components. */
    load(): RemoteComponent;
    schema(): ComponentSchema;
}

/** By type: "Relay" of qptunnel:index:Relay. */
export type ComponentTable = Record<string, ComponentEntry>;
