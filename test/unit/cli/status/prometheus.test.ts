import { CONNECTED_SECONDS, problemsOf, statusOf, unreachableStatus } from "../../../../core/status/index.js";
import { prometheus } from "../../../../cli/status/prometheus.js";
import { fingerprint } from "../../../../core/keys/index.js";
import { changed, key, known, NOW, onWire } from "../../core/status/relays.js";

it("metrics", () => {
    const answer = changed((_answer, peers) => peers.push(onWire("intruder", { latestHandshake: NOW - 1 })));
    const statuses = [statusOf(known, answer), unreachableStatus({ ...known, relay: 'b"\\' }, "gone")];
    const problems = statuses.flatMap((status) => problemsOf(status, { expiring: 30 }, CONNECTED_SECONDS));
    const text = prometheus(statuses, problems);
    const print = (name: string): string => fingerprint(key(name));
    for (const line of [
        "# TYPE qptunnel_relay_up gauge",
        'qptunnel_relay_up{relay="office",host="root@203.0.113.7"} 1',
        'qptunnel_relay_up{relay="b\\"\\\\",host="root@203.0.113.7"} 0',
        'qptunnel_relay_problems{relay="office",kind="rogue"} 1',
        'qptunnel_relay_problems{relay="office",kind="certificate"} 1',
        'qptunnel_relay_problems{relay="office",kind="expiry"} 0',
        `qptunnel_peer_expires_seconds{relay="office",peer="erik",fingerprint="${print("erik")}"} ${NOW - 1}`,
        'qptunnel_relay_problems{relay="office",kind="drift"} 0',
        'qptunnel_relay_problems{relay="b\\"\\\\",kind="unreachable"} 1',
        'qptunnel_relay_drift{relay="office"} 0',
        'qptunnel_interface_up{relay="office",interface="wg0",epoch="1"} 1',
        `qptunnel_peer_connected{relay="office",peer="alice",fingerprint="${print("alice")}"} 1`,
        `qptunnel_peer_connected{relay="office",peer="bob",fingerprint="${print("bob")}"} 0`,
        `qptunnel_peer_last_handshake_seconds{relay="office",peer="alice",fingerprint="${print("alice")}"} ${NOW - 180}`,
        `qptunnel_peer_last_handshake_seconds{relay="office",peer="carol",fingerprint="${print("carol")}"} 0`,
        `qptunnel_peer_last_handshake_seconds{relay="office",peer="",fingerprint="${print("intruder")}"} ${NOW - 1}`,
        "# TYPE qptunnel_peer_received_bytes_total counter",
        `qptunnel_peer_received_bytes_total{relay="office",peer="alice",fingerprint="${print("alice")}"} 1536`,
        `qptunnel_peer_sent_bytes_total{relay="office",peer="alice",fingerprint="${print("alice")}"} ${5 * 1024 ** 3}`,
        'qptunnel_service_up{relay="office",service="wiki"} 1',
        `qptunnel_service_certificate_not_after_seconds{relay="office",service="wiki"} ${NOW + 365 * 86_400}`,
    ]) {
        expect(text.split("\n")).toContain(line);
    }
    expect(text).not.toContain('qptunnel_relay_drift{relay="b');
    expect(
        text
            .split("\n")
            .filter((line) => !/^(# (HELP|TYPE) \w+ .+|\w+\{(\w+="([^"\\]|\\.)*",?)+\} -?\d+|)$/.test(line)),
    ).toEqual([]);
});
