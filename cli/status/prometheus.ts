import type { Problem, RelayStatus } from "../../core/status/index.js";

type Labels = Record<string, string>;
type Sample = [labels: Labels, value: number];

/**
 * The Prometheus text format (exposition format 0.0.4), for instance for a textfile collector. Times are Unix
 * seconds, and nothing is precomputed that a rule can compute, so that no alert depends on when this ran.
 */
export function prometheus(statuses: readonly RelayStatus[], problems: readonly Problem[]): string {
    return [...relayMetrics(statuses, problems), ...peerMetrics(statuses), ...serviceMetrics(statuses)].join("");
}

function relayMetrics(statuses: readonly RelayStatus[], problems: readonly Problem[]): string[] {
    const asked = statuses.filter(({ reachable }) => reachable);
    return [
        metric(
            "qptunnel_relay_up",
            "Whether the relay answered.",
            statuses.map(({ relay, host, reachable }) => [{ relay, host }, Number(reachable)]),
        ),
        metric(
            "qptunnel_relay_problems",
            "Number of problems of a kind.",
            statuses.flatMap(({ relay }) => countKinds(relay, problems)),
        ),
        metric(
            "qptunnel_relay_drift",
            "Number of differences between the relay and the stack's state, without unknown peers.",
            asked.map(({ relay, drift }) => [{ relay }, drift.length]),
        ),
        metric(
            "qptunnel_relay_generation",
            "Number of changes of the relay.",
            asked.map(({ relay, generation }) => [{ relay }, generation ?? 0]),
        ),
        metric(
            "qptunnel_interface_up",
            "Whether a WireGuard interface of the relay is up and answers.",
            asked.flatMap(({ relay, interfaces }) =>
                interfaces.map(({ name, epoch, up }): Sample => [
                    { relay, interface: name, epoch: epoch === null ? "" : String(epoch) },
                    Number(up),
                ]),
            ),
        ),
    ];
}

function peerMetrics(statuses: readonly RelayStatus[]): string[] {
    const peers = statuses.flatMap((status) => status.peers.map((peer) => ({ ...peer, of: labelsOf(status, peer) })));
    const onWire = peers.filter(({ state }) => ON_WIRE.includes(state));
    return [
        metric(
            "qptunnel_peer_info",
            "A peer and its state; always 1.",
            peers.map(({ of, state, addresses, endpoint, epoch }) => [
                {
                    ...of,
                    state,
                    address: addresses[0] ?? "",
                    endpoint: endpoint ?? "",
                    epoch: epoch === null ? "" : String(epoch),
                },
                1,
            ]),
        ),
        metric(
            "qptunnel_peer_connected",
            "Whether a listed peer had a handshake in the last 180 seconds.",
            peers
                .filter(({ state }) => LISTED.includes(state))
                .map(({ of, state }) => [of, Number(state === "connected")]),
        ),
        metric(
            "qptunnel_peer_last_handshake_seconds",
            "Unix time of a peer's newest handshake, 0 if there was none.",
            onWire.map(({ of, handshake }) => [of, handshake === null ? 0 : Date.parse(handshake) / 1000]),
        ),
        metric(
            "qptunnel_peer_received_bytes_total",
            "Bytes received from a peer since the interface came up.",
            onWire.map(({ of, received }) => [of, received]),
        ),
        metric(
            "qptunnel_peer_sent_bytes_total",
            "Bytes sent to a peer since the interface came up.",
            onWire.map(({ of, sent }) => [of, sent]),
        ),
        metric(
            "qptunnel_peer_expires_seconds",
            "Unix time at which the relay cuts a peer off.",
            peers.flatMap(({ of, state, expires }): Sample[] =>
                expires === undefined || !EXPIRING.includes(state) ? [] : [[of, Date.parse(expires) / 1000]],
            ),
        ),
    ];
}

function serviceMetrics(statuses: readonly RelayStatus[]): string[] {
    const services = statuses.flatMap(({ relay, services: all }) =>
        all.map((service) => ({ ...service, of: { relay, service: service.name } })),
    );
    return [
        metric(
            "qptunnel_service_up",
            "Whether the proxy accepts connections for a service.",
            services.flatMap(({ of, running }): Sample[] => (running === null ? [] : [[of, Number(running)]])),
        ),
        metric(
            "qptunnel_service_info",
            "A service's URL and what was negotiated; always 1.",
            services.map(({ of, url, group, cipher }) => [{ ...of, url, group: group ?? "", cipher: cipher ?? "" }, 1]),
        ),
        metric(
            "qptunnel_service_certificate_not_after_seconds",
            "Unix time at which a service's certificate expires.",
            services.flatMap(({ of, certificate }): Sample[] =>
                certificate === null ? [] : [[of, Date.parse(certificate.notAfter) / 1000]],
            ),
        ),
    ];
}

const LISTED = ["connected", "idle", "never", "missing"];
/** Expiry is exported also for a relay that did not answer. */
const EXPIRING = [...LISTED, "expired", "unknown"];
const ON_WIRE = ["connected", "idle", "never", "rogue"];
const KINDS: Problem["kind"][] = [
    "unreachable",
    "rogue",
    "drift",
    "conflict",
    "stale",
    "certificate",
    "service",
    "expiry",
];

function labelsOf({ relay }: RelayStatus, { name, fingerprint }: RelayStatus["peers"][number]): Labels {
    return { relay, peer: name ?? "", fingerprint };
}

function countKinds(relay: string, problems: readonly Problem[]): Sample[] {
    return KINDS.map((kind) => [
        { relay, kind },
        problems.filter((problem) => problem.relay === relay && problem.kind === kind).length,
    ]);
}

/** A metric without samples is left out: its absence means that no relay was queried. */
function metric(name: string, help: string, samples: Sample[]): string {
    if (samples.length === 0) return "";
    const type = name.endsWith("_total") ? "counter" : "gauge";
    const lines = samples.map(([labels, value]) => `${name}{${formatLabels(labels)}} ${value}\n`);
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function formatLabels(labels: Labels): string {
    const escaped = (text: string): string =>
        text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    return Object.entries(labels)
        .map(([name, value]) => `${name}="${escaped(value)}"`)
        .join(",");
}
