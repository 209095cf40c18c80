/** A relay's firewall: one table of ours, its text, its elements, and how the wire's answer is read. */
export { type SkeletonArgs, renderSkeleton } from "./nftables/skeleton.js";
export {
    SET_NAMES,
    type SetElements,
    type SetName,
    containsAddress,
    elementsOf,
    renderElements,
} from "./nftables/elements.js";
export { type ParsedTable, parseTable } from "./nftables/parse.js";
export { conflicts, type Surroundings } from "./nftables/conflicts.js";
