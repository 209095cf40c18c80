import { mapIn, subjectOf, token } from "./inputs.js";
import type { NoOptions, Rule } from "./rule.js";

/** Relays on the local machine have no mirror, whatever the program says: the log is there already. */
export const logMirror: Rule<NoOptions> = {
    description: "Every relay keeps a copy of the audit log's lines.",
    options: {},
    inputs: {
        types: [token("AuditCheckpoint")],
        violations(resource) {
            return mapIn(resource.props, "audit")["mirror"] === false
                ? [
                      `${subjectOf(resource)}: the audit log is not mirrored on the relay; remove mirror: false from AuditSink`,
                  ]
                : [];
        },
    },
};
