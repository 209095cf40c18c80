export { Lab, TOPOLOGY, type Topology, ipv6Of } from "./lab.js";
export {
    type HttpsAnswer,
    type ForgedRequest,
    type HttpsRequest,
    LabNode,
    type NameServer,
    type Reach,
    type SeenRequest,
    type Sender,
    type Server,
    type WireGuardInterface,
} from "./node.js";
export { checkPrerequisites } from "./prerequisites.js";
export { type Outage, Probe, type ProbeReport } from "./probe.js";
export { renderSetconf } from "./setconf.js";
export { type ExecOptions, type Outcome, Program } from "./processes.js";
