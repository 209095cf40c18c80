import { known } from "../shape.js";
import { servicesOf } from "./services.js";
import type { ProxyChange, ProxyPlan } from "./inputs.js";
import type { CertificateRecord, IssuerRecord } from "./certificates.js";
import type { ProxyOutputs } from "./outputs.js";
import { algorithmsOf, allLeaves, leafTitle } from "../../../core/certificates/leaves.js";
import { daysLeft, expiresSoon, renewalDue } from "../../../core/certificates/validity.js";
import type { ProxyService } from "../../../core/registry/model.js";
import { certificateSentences, kept } from "./certificateSentences.js";
import { join, same } from "../changes.js";
import { type Effect, sentencesOf, toldElsewhere, type Wording } from "../effects.js";
import { machineChange, IF_DIFFERENT, mayMove } from "../inputSentences.js";
import { type ChangeKind, type Properties, UNKNOWN } from "../resource.js";
import { count, listNames, valueText } from "../sentences.js";

/** What a change of services means for who uses them. */
export function proxySentences(change: ProxyChange): string[] {
    return sentencesOf(proxyWording, change);
}

const services: Effect<ProxyPlan, ProxyOutputs> = ({ before, inputs }) => {
    const { relay } = inputs;
    if (inputs.services === UNKNOWN)
        return [`${relay}: the services are not known before the update: other resources supply values in them`];
    const now = servicesOf(inputs);
    const then = servicesOf(before?.inputs);
    const sentences: string[] = [];
    for (const [name, service] of sorted(now)) {
        const was = then[name];
        if (was === undefined)
            sentences.push(`${relay}: service ${name} opens on port ${service.port}, for ${service.upstream}`);
        else if (!same({ ...was, ...kept(was, service) }, service))
            sentences.push(
                `${relay}: service ${name} ${differences({ ...was, ...kept(was, service) }, service)}; its clients reconnect`,
            );
        sentences.push(...certificateSentences(`${relay}: service ${name}`, was, service));
    }
    for (const [name, { port }] of sorted(then)) {
        if (now[name] === undefined) sentences.push(`${relay}: service ${name} on port ${port} closes at once`);
    }
    return sentences;
};

const addresses: Effect<ProxyPlan, ProxyOutputs> = ({ before, inputs }) => {
    const [then, now] = [known(before?.inputs.addresses), known(inputs.addresses)];
    if (same(then, now) || !isServing(before?.inputs, inputs)) return [];
    return [
        `${inputs.relay}: services listen on ${listNames(now ?? [])} instead of ${listNames(then ?? [])}, with new certificates`,
    ];
};

const authorities: Effect<ProxyPlan, ProxyOutputs> = (change) =>
    newAuthorities(change).length === 0
        ? []
        : [`${change.inputs.relay}: services get certificates of a new CA, which their clients must trust first`];

/** Algorithms whose services get certificates of another authority than before. An authority is its key: its own certificate may be reissued. */
export function newAuthorities({ before, inputs }: ProxyChange): string[] {
    const [then, now] = [before?.inputs, inputs].map((each) => known(each?.authorityKeys) ?? {});
    const [olds, news] = [servicesOf(before?.inputs), servicesOf(inputs)];
    const served = Object.keys(news).flatMap((name) => (olds[name] === undefined ? [] : algorithmsOf(olds[name])));
    return [...new Set(served)].sort().filter((algorithm) => then?.[algorithm] !== now?.[algorithm]);
}

/** Changes of inputs, of authorities only where services get certificates of another one. */
export function withoutReissued(change: ProxyChange, changes: Record<string, ChangeKind>): Record<string, ChangeKind> {
    const others = Object.entries(changes).filter(
        ([path]) => path !== "authorities" && !path.startsWith("authorities."),
    );
    const created = newAuthorities(change).map((algorithm) => [join("authorities", algorithm), "update"] as const);
    return Object.fromEntries([...others, ...created]);
}

const configuration: Effect<ProxyPlan, ProxyOutputs> = ({ before, inputs }) =>
    same(before?.inputs.configuration, inputs.configuration) || !isServing(before?.inputs, inputs)
        ? []
        : [
              `${inputs.relay}: services no longer receive headers in which a client describes itself, such as X-Real-IP and Forwarded`,
          ];

const names: Effect<ProxyPlan, ProxyOutputs> = ({ before, inputs }) => {
    const [then, now] = [before?.inputs.appName, inputs.appName];
    if (then === now || !isServing(before?.inputs, inputs)) return [];
    return [
        `${inputs.relay}: services are named *.${String(now)}.internal instead of *.${String(then)}.internal, with new certificates`,
    ];
};

const place: Effect<ProxyPlan, ProxyOutputs> = (change) => {
    const { before, inputs } = change;
    if (before === undefined || !isElsewhere(change) || !isServing(before.inputs, inputs)) return [];
    const { relay } = inputs;
    return [
        `${relay}: ${machineChange(change) === "either" ? IF_DIFFERENT : ""}the proxy is started there with new certificates: clients of services reconnect`,
    ];
};

/** What services mean for who uses them: what opens and closes, what is served otherwise, which certificates are renewed. */
export const proxyWording: Wording<ProxyPlan, ProxyOutputs> = {
    created: (change) => [...services(change), ...renewalSentences(change)],
    effects: {
        host: place,
        interface: place,
        machine: place,
        // WireGuard tells.
        moved: toldElsewhere,
        appName: names,
        addresses,
        services,
        authorities,
        configuration,
        renewal: renewalSentences,
    },
    closing: (change, sentences) => {
        const { before, inputs } = change;
        const { relay } = inputs;
        const renewed = due(change).map((id) => `${relay}: certificate of ${leafTitle(id)} is renewed`);
        const loaded =
            inputs.services !== UNKNOWN &&
            Object.keys(servicesOf(before?.inputs)).length > 0 &&
            sentences.length + renewed.length > 0 &&
            !isElsewhere(change) &&
            before?.inputs.appName === inputs.appName;
        return [
            ...renewed,
            ...(loaded
                ? [
                      `${relay}: the proxy reloads its configuration: idle keep-alive connections to services are reset, all others continue`,
                  ]
                : []),
        ];
    },
};

/** Whether the proxy is started in another place, or on a machine that is known to be different. */
export function isElsewhere(change: Pick<ProxyChange, "before" | "inputs">): boolean {
    const { before, inputs } = change;
    if (before === undefined) return false;
    const machine: unknown = inputs.machine;
    return (
        mayMove(change) ||
        ["appName", "interface"].some((name) => !same(before.inputs[name], inputs[name])) ||
        (machine !== UNKNOWN && !same(before.inputs.machine, machine))
    );
}

function isServing(then: ProxyPlan | undefined, now: ProxyPlan): boolean {
    return Object.keys(servicesOf(now)).some((name) => servicesOf(then)[name] !== undefined);
}

/** "changes its port from 8443 to 8444 and its upstream from a to b". */
function differences(then: ProxyService, now: ProxyService): string {
    const [olds, news] = [new Map(Object.entries(then)), new Map(Object.entries(now))];
    const fields = [...new Set([...olds.keys(), ...news.keys()])]
        .sort()
        .filter((key) => !same(olds.get(key), news.get(key)));
    return `changes ${listNames(fields.map((key) => `its ${FIELDS[key] ?? key} from ${valueText(olds.get(key))} to ${valueText(news.get(key))}`))}`;
}

const FIELDS: Record<string, string> = { keyExchange: "key exchange" };

/** Warnings: certificates that expire soon, and key exchanges that are not post-quantum. */
export function proxyWarnings(change: ProxyChange): string[] {
    const { before, inputs } = change;
    const { relay } = inputs;
    const now = new Date();
    const [listed, then] = [servicesOf(inputs), servicesOf(before?.inputs)];
    const shown = new Set(allLeaves(listed).map(({ id }) => id));
    const weaker = sorted(listed)
        .filter(([name, { keyExchange }]) => keyExchange === "prefer" && then[name]?.keyExchange !== "prefer")
        .map(
            ([name]) =>
                `${relay}: service ${name} also accepts clients without a post-quantum key exchange (\`keyExchange: "prefer"\`): an attacker who records their traffic can decrypt it with a future quantum computer`,
        );
    const ending = sorted(certificatesOf(before?.outputs))
        .filter(([id, record]) => isOurs(record) && shown.has(id) && expiresSoon(record.notAfter, now))
        .map(([id, { notBefore, notAfter }]) => {
            const certificate = `${relay}: certificate of ${leafTitle(id)} ${ends(notAfter, now)}`;
            return renewalDue(notBefore, notAfter, now)
                ? `${certificate}; the next \`pulumi up\` renews it`
                : certificate;
        });
    const issuers = sorted(inputs.renewal === "relay" ? issuersOf(before?.outputs) : {})
        .filter(([, { notAfter }]) => expiresSoon(notAfter, now))
        .map(
            ([algorithm, { notAfter }]) =>
                `${relay}: its ${algorithm} intermediate CA for certificate renewal ${ends(notAfter, now)}; the next \`pulumi up\` installs a new one`,
        );
    return [...weaker, ...ending, ...issuers];
}

/** Who renews certificates from now on, and what that leaves on the relay. */
function renewalSentences(change: ProxyChange): string[] {
    const { before, inputs } = change;
    const { relay, appName } = inputs;
    const listening = known(inputs.addresses) ?? [];
    const by = (of: Properties | undefined): boolean => of?.renewal === "relay";
    if (by(inputs) && !by(before?.inputs)) {
        return [
            `${relay}: renews the certificates of its services itself from now on, each valid for 90 days: an intermediate CA for names below ${appName}.internal and ${listening.join(", ")} is installed on it`,
        ];
    }
    if (!by(inputs) && by(before?.inputs)) {
        const last = Object.values(issuersOf(before?.outputs)).map(({ notAfter }) => notAfter);
        return [
            `${relay}: certificates are renewed by \`pulumi up\` again; the intermediate CA on the relay is deleted, but a copy of it could be used until ${last.sort().at(-1)}`,
        ];
    }
    return dueIssuers(change).map(
        (algorithm) => `${relay}: its ${algorithm} intermediate CA for certificate renewal is renewed`,
    );
}

/** A third of its life after it was made a certificate is renewed by whatever apply comes along. */
export function renewals(change: ProxyChange): Record<string, ChangeKind> {
    return Object.fromEntries([
        ...due(change).map((name) => [renewal(name), "update"]),
        ...dueIssuers(change).map((algorithm) => [`${join("issuers", algorithm)}.renew`, "update"]),
    ]) as Record<string, ChangeKind>;
}

/** Algorithms of the relay's own authorities that have had a third of their life, or were made by an earlier version. */
export function dueIssuers({ before, inputs }: ProxyChange): string[] {
    if (inputs.renewal !== "relay") return [];
    const now = new Date();
    const isEarlier = !same(before?.inputs.configuration, inputs.configuration);
    return sorted(issuersOf(before?.outputs))
        .filter(([, { notBefore, notAfter }]) => isEarlier || renewalDue(notBefore, notAfter, now))
        .map(([algorithm]) => algorithm);
}

export function issuersOf(outputs: Pick<ProxyOutputs, "issuers"> | undefined): Record<string, IssuerRecord> {
    return outputs?.issuers ?? {};
}

/** Where a diff shows that a service's certificate is renewed. */
export function renewal(name: string): string {
    return `${join("certificates", name)}.renew`;
}

export function certificatesOf(
    outputs: Pick<ProxyOutputs, "certificates"> | undefined,
): Record<string, CertificateRecord> {
    return outputs?.certificates ?? {};
}

/** Certificates that have had a third of their life. */
function due({ before, inputs }: ProxyChange): string[] {
    const now = new Date();
    const shown = new Set(allLeaves(servicesOf(inputs)).map(({ id }) => id));
    return sorted(certificatesOf(before?.outputs))
        .filter(([id, record]) => isOurs(record) && shown.has(id))
        .filter(([, { notBefore, notAfter }]) => renewalDue(notBefore, notAfter, now))
        .map(([name]) => name);
}

/** Not one that the relay has made for itself: what the state knows of those may long be over. */
function isOurs({ renewal: by }: CertificateRecord): boolean {
    return by === undefined;
}

function ends(notAfter: string, now: Date): string {
    const days = daysLeft(notAfter, now);
    return days < 0
        ? `expired on ${notAfter}: clients refuse it`
        : `is valid until ${notAfter}, ${days === 0 ? "less than a day" : count(days, "day")} more`;
}

function sorted<T>(map: Record<string, T>): [string, T][] {
    return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}
