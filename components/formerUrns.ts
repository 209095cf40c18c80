import * as pulumi from "@pulumi/pulumi";

/*
 * What a resource was called before, as its `aliases` and those of its parents say. The engine follows these by itself where it
 * compares; a lookup in the state has to follow them as well.
 */

/** What the SDK keeps of a resource's options, and has no type for. Without it nothing is known of former names. */
interface Kept {
    __name?: string;
    __pulumiType?: string;
    __parentResource?: pulumi.Resource;
    __aliases?: pulumi.Input<string>[];
}

/** Former URNs of a resource, the likeliest first. As promises: an Output would bring the resource's dependencies along. */
export function formerUrns(resource: pulumi.Resource): Promise<string>[] {
    const { __name: name, __pulumiType: type, __parentResource: parent, __aliases: aliases = [] } = resource as Kept;
    const own = aliases.map((alias) => valueOf(alias));
    if (name === undefined || type === undefined || parent === undefined) return own;
    const inherited = formerUrns(parent).flatMap((former) => [
        childUrn(parent, former, name, type),
        ...own.map(async (alias) => childUrn(parent, former, nameIn(await alias), typeIn(await alias))),
    ]);
    return [...own, ...inherited];
}

/** The URN that a resource will have, before the engine says so. */
export async function currentUrn(resource: pulumi.Resource): Promise<string> {
    const { __name: name = "", __pulumiType: type = "", __parentResource: parent } = resource as Kept;
    return valueOf(pulumi.createUrn(name, type, parent));
}

/** URNs that a resource without aliases of its own would have had under its parent's former ones. */
export function formerChildUrns(parent: pulumi.Resource | undefined, name: string, type: string): Promise<string>[] {
    if (parent === undefined) return [];
    return formerUrns(parent).map((former) => childUrn(parent, former, name, type));
}

/** Last part of a URN: the resource's name. */
export function nameIn(urn: string): string {
    return urn.slice(urn.lastIndexOf("::") + 2);
}

function typeIn(urn: string): string {
    return urn.slice(0, urn.lastIndexOf("::")).split(/::|\$/).at(-1) ?? "";
}

/** As the engine does: a child that is named after its parent was named after the parent's former name. */
async function childUrn(
    parent: pulumi.Resource,
    parentUrn: Promise<string>,
    name: string,
    type: string,
): Promise<string> {
    const former = await parentUrn;
    const { __name: parentName } = parent as Kept;
    const isNamedAfter = parentName !== undefined && name.startsWith(parentName);
    const then = isNamedAfter ? `${nameIn(former)}${name.slice(parentName.length)}` : name;
    return valueOf(pulumi.createUrn(then, type, former));
}

/** As a promise, without the dependencies of an Output. */
export function valueOf<T>(value: pulumi.Input<T>): Promise<pulumi.Unwrap<T>> {
    return new Promise((resolve) => void pulumi.output(value).apply((known) => void resolve(known)));
}
