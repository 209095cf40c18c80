import { routeWarnings } from "../../../../providers/resources/peerRoutes.js";
import { UNKNOWN, type Properties } from "../../../../providers/resources/resource.js";

const inputs = (address: unknown): Properties => ({
    relay: "office",
    appName: "qp-tunnel",
    interface: "wg0",
    host: { kind: "ssh", address, port: 22, user: "root" },
    peers: { nas: { address: "10.8.0.3", routes: ["192.168.7.0/24", "203.0.113.0/28", "2001:db8::/64"] } },
});

it.each(["203.0.113.7", "2001:db8::7"])("warns of a route over %s, where the relay is reached", (address) => {
    expect(routeWarnings(inputs(address))).toEqual([
        expect.stringMatching(new RegExp(`^office: nas's route \\S+ holds ${address}, where the relay is reached`)),
    ]);
});

it.each(["203.0.113.77", "relay.example.org", UNKNOWN])("says nothing of %p", (address) => {
    expect(routeWarnings(inputs(address))).toEqual([]);
});
