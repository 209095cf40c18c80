import { isMap } from "../changes.js";
import { ownerOf } from "../../../core/protocol/owner.js";
import { leafName } from "../../../core/wireguard/leaf.js";
import type { Properties, PropertySchema } from "../resource.js";

/*
 * A resource whose value is nowhere but in the state keeps it when it is replaced (`--replace`, taint, an interrupted
 * replacement): the program hands over what the state holds of it, and its create goes on with that.
 */

export const KEPT_INPUT: Record<string, PropertySchema> = {
    kept: {
        type: { named: "FormerValues" },
        description: "This resource's values in the state, for a replacement. Never compared.",
        secret: true,
        optional: true,
    },
};

/** Inputs with what is to be kept, only where the engine tells nothing of the past: elsewhere it is not needed, nor stored. */
export function withKept(news: Properties, olds: Properties | undefined): Properties {
    const { kept, ...inputs } = news;
    const isThere = olds === undefined && typeof kept === "object" && kept !== null && Object.keys(kept).length > 0;
    return isThere ? { ...inputs, kept } : inputs;
}

/** Outputs of the resource that this one replaces; undefined for one that is new. */
export function keptIn({ kept }: Properties): Properties | undefined {
    return isMap(kept) ? kept : undefined;
}

/**
 * What a relay, or a managed peer, was called whose Host is replaced: the Host's URN in the state tells, and of a managed peer the
 * program tells which names it had.
 *
 * @returns undefined where nothing is replaced
 */
export function keptNames(inputs: Properties): { label: string; peer?: string } | undefined {
    const { urn } = keptIn(inputs) ?? {};
    if (typeof urn !== "string") return undefined;
    const [scheme = "", project = "", , name = ""] = urn.split("::");
    const stack = scheme.split(":").at(-1) ?? "";
    const called = name.replace(/-host$/, "");
    if (inputs.role !== "leaf") return { label: ownerOf({ project, stack }, called) };
    const { relay, formerly } = inputs;
    const peers = [String(relay).split("/").at(-1) ?? "", ...(Array.isArray(formerly) ? formerly.map(String) : [])];
    const peer = peers.find((each) => called.endsWith(`-${each}`));
    return peer === undefined
        ? undefined
        : { label: ownerOf({ project, stack }, leafName(called.slice(0, -peer.length - 1), peer)), peer };
}
