import { mapIn, relayOf, subjectOf, token } from "./inputs.js";
import type { StackResource } from "./policy.js";
import type { NoOptions, Rule } from "./rule.js";

/** What a relay can be without its log: resources that a program declares by itself, or what `--target` left out. */
const RELAY_TYPES = ["Registry", "Host", "WireGuard", "Script"].map(token);

/** Folders that are emptied when the machine restarts, and devices. */
const LOST = /^\/(?:tmp|var\/tmp|run|dev)(?:\/|$)/;

export const auditLog: Rule<NoOptions> = {
    description: "No relay is without an audit log that lasts.",
    options: {},
    inputs: {
        types: [token("AuditCheckpoint")],
        violations(resource) {
            const path = String(mapIn(resource.props, "audit")["path"]);
            const folder = LOST.exec(path)?.[0];
            return folder === undefined
                ? []
                : [
                      `${subjectOf(resource)}: the audit log ${path} is lost with the machine's temporary files; choose a path in the project`,
                  ];
        },
    },
    stack(resources, _options, report) {
        const logged = new Set(resources.filter(({ type }) => type === token("AuditCheckpoint")).map(relayOf));
        const first = new Map<string, StackResource>();
        for (const resource of resources.filter(({ type }) => RELAY_TYPES.includes(type))) {
            const relay = relayOf(resource);
            if (relay !== undefined && !logged.has(relay) && !first.has(relay)) first.set(relay, resource);
        }
        for (const [relay, { urn }] of first) {
            const message =
                `relay ${relay}: its audit log is not pinned in the stack; ` +
                "declare it with Relay and an AuditSink, and run `pulumi up` without --target";
            report(message, urn);
        }
    },
};
