export { access } from "./access.js";
export { mocks, type TunnelMocks } from "./mocks.js";
export { plan } from "./plan.js";
export { valueOf } from "./valueOf.js";
export type { Right } from "../core/access/rights.js";
