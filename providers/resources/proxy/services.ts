import type { ProxyService } from "../../../core/registry/model.js";
import { known } from "../shape.js";
import type { ProxyPlan } from "./inputs.js";

/** Services by name; none while a preview does not know them. */
export function servicesOf(inputs: Pick<ProxyPlan, "services"> | undefined): Record<string, ProxyService> {
    return known(inputs?.services) ?? {};
}
