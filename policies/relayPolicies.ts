import { InvalidArgument } from "../core/errors.js";
import { allGrants } from "./allGrants.js";
import { approver } from "./approver.js";
import { auditLog } from "./auditLog.js";
import { confirmTimeout } from "./confirmTimeout.js";
import { hostKey } from "./hostKey.js";
import { keyAge } from "./keyAge.js";
import { keyExchange } from "./keyExchange.js";
import { logMirror } from "./logMirror.js";
import { peerExpiry } from "./peerExpiry.js";
import type { EnforcementLevel, RelayPolicy } from "./policy.js";
import { presharedKeys } from "./presharedKeys.js";
import type { Rule } from "./rule.js";

/** Every rule, by the name that its policy has. */
const RULES = {
    "relay-host-key": hostKey,
    "relay-peer-expiry": peerExpiry,
    "relay-all-grants": allGrants,
    "relay-key-exchange": keyExchange,
    "relay-key-age": keyAge,
    "relay-preshared-keys": presharedKeys,
    "relay-log-mirror": logMirror,
    "relay-approver": approver,
    "relay-confirm-timeout": confirmTimeout,
    "relay-audit-log": auditLog,
};

export type RelayPolicyName = keyof typeof RULES;

type OptionsOf<Name extends RelayPolicyName> = (typeof RULES)[Name] extends Rule<infer Options> ? Options : never;

/** What may be set of a policy: how strictly it is enforced, and its options. */
export type RelayPolicySettings<Name extends RelayPolicyName> =
    EnforcementLevel | ({ enforcementLevel?: EnforcementLevel } & Partial<OptionsOf<Name>>);

/** Settings by policy, in the form of Pulumi's own `--policy-pack-config`. What is not named keeps its defaults. */
export type RelayPolicyConfig = { [Name in RelayPolicyName]?: RelayPolicySettings<Name> };

/**
 * The policies for `PolicyPack`.
 *
 * @param config by policy: "advisory", "mandatory" or "disabled", or an object with `enforcementLevel` and the policy's options
 * @throws InvalidArgument for a policy or option that does not exist
 */
export function relayPolicies(config: RelayPolicyConfig = {}): RelayPolicy[] {
    const unknown = Object.keys(config).find((name) => !Object.hasOwn(RULES, name));
    if (unknown !== undefined) throw noSuch(unknown, "policy", Object.keys(RULES));
    return (Object.keys(RULES) as RelayPolicyName[]).map((name) => relayPolicy(name, config[name]));
}

/**
 * One policy.
 *
 * @throws InvalidArgument for an option that the policy does not have
 */
export function relayPolicy<Name extends RelayPolicyName>(
    name: Name,
    settings?: RelayPolicySettings<Name>,
): RelayPolicy {
    // Its options are those that its own schema names.
    const rule = RULES[name] as Rule<object>;
    const { enforcementLevel, ...given } =
        typeof settings === "string" ? { enforcementLevel: settings } : { enforcementLevel: undefined, ...settings };
    const unknown = Object.keys(given).find((option) => !Object.hasOwn(rule.options, option));
    if (unknown !== undefined) throw noSuch(`${name}.${unknown}`, "option", Object.keys(rule.options));
    const values = given as Record<string, number | boolean | string[]>;
    const schemas = Object.entries(rule.options).map(([option, schema]): [string, typeof schema] => {
        const value = values[option];
        return [option, value === undefined ? schema : { ...schema, default: value }];
    });
    return policyOf(name, rule, Object.fromEntries(schemas), enforcementLevel);
}

function policyOf(
    name: string,
    { description, inputs, stack }: Rule<object>,
    properties: RelayPolicy["configSchema"]["properties"],
    enforcementLevel: EnforcementLevel | undefined,
): RelayPolicy {
    const defaults = Object.fromEntries(
        Object.entries(properties).flatMap(([option, schema]) =>
            schema.default === undefined ? [] : [[option, schema.default]],
        ),
    );
    const policy = {
        name,
        description,
        ...(enforcementLevel === undefined ? {} : { enforcementLevel }),
        configSchema: { properties },
        ...(inputs && {
            validateResource(args, report) {
                if (!inputs.types.includes(args.type)) return;
                for (const message of inputs.violations(args, { ...defaults, ...args.getConfig() })) report(message);
            },
        }),
        ...(stack && {
            validateStack({ resources, getConfig }, report) {
                stack(resources, { ...defaults, ...getConfig() }, report);
            },
        }),
    } satisfies Partial<RelayPolicy>;
    // Every rule asks of inputs, of the stack, or of both.
    return policy as RelayPolicy;
}

function noSuch(subject: string, kind: string, known: string[]): InvalidArgument {
    const fix = known.length === 0 ? "remove it: the policy has no options" : `choose from ${known.join(", ")}`;
    return new InvalidArgument(`relayPolicies: ${subject}`, `there is no such ${kind}`, fix);
}
