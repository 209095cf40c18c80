/** A relay's firewall: one table of ours, its text, its elements, and how the wire's answer is read. */
export { type SkeletonArgs, renderSkeleton } from "./skeleton.js";
export { SET_NAMES, type SetElements, type SetName, elementsOf, renderElements } from "./elements.js";
export { TIMED_SET_NAMES, type TimedElement, type TimedRule, timedElementsOf } from "./timed.js";
export { elementsBySet, type RuleElements, ruleElements, withoutEnded } from "./ruleElements.js";
export { type ParsedTable, parseTable } from "./parse.js";
export { conflicts, type Surroundings } from "./conflicts.js";
