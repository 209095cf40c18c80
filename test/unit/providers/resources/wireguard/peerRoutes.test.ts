import type { WireGuardPlan } from "../../../../../providers/resources/wireguard/inputs.js";
import { wireInputs } from "../relays.js";
import { clientWarnings, routeFailures } from "../../../../../providers/resources/wireguard/peerRoutes.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";

const inputs = (address: unknown, reached: Properties = {}): WireGuardPlan =>
    wireInputs(PEERS, { relay: "office", host: { kind: "ssh", address, port: 22, user: "root" }, reached });
const PEERS = { nas: { address: "10.8.0.3", routes: ["192.168.7.0/24", "203.0.113.0/28", "2001:db8::/64"] } };

const failuresOf = (given: WireGuardPlan): unknown[] => [...routeFailures(given)];

const refusal = (route: string, address: string, what: string): unknown => ({
    path: "peers.nas.routes",
    problem: `${route} contains ${address}, ${what}: the relay would answer it through the tunnel and be cut off`,
    fix: `declare a smaller network`,
});

const NAS = "192.168.7.0/24";

it.each([
    ["203.0.113.0/28", "203.0.113.7"],
    ["2001:db8::/64", "2001:db8::7"],
])("refuses the route %s over %s, where the relay is reached", (route, address) => {
    expect(failuresOf(inputs(address))).toEqual([refusal(route, address, "the relay's own address")]);
});

it.each(["203.0.113.7", "203.0.113.7:51820", "[2001:db8::7]:443", "2001:db8::7"])(
    "refuses a route over the endpoint %s",
    (endpoint) => {
        const [route, address] = endpoint.startsWith("203")
            ? ["203.0.113.0/28", "203.0.113.7"]
            : ["2001:db8::/64", "2001:db8::7"];
        expect(failuresOf(inputs("relay.example.org", { endpoint }))).toEqual([
            refusal(route, address, "the relay's endpoint"),
        ]);
    },
);

it("refuses a route over the address that the machine said it has", () => {
    expect(failuresOf(inputs("relay.example.org", { endpoint: UNKNOWN, machine: "192.168.7.9" }))).toEqual([
        refusal(NAS, "192.168.7.9", "the relay's own address"),
    ]);
});

it.each(["203.0.113.77", "relay.example.org", "203.0.113.7.example.org", UNKNOWN])("says nothing of %p", (address) => {
    expect(failuresOf(inputs(address, { endpoint: address, machine: UNKNOWN }))).toEqual([]);
});

describe("the address where the last update connected from", () => {
    const now = inputs("relay.example.org", { client: "192.168.7.5" });

    it("is worth a warning where a new route holds it: the next update may come from elsewhere", () => {
        expect(failuresOf(now)).toEqual([]);
        expect(clientWarnings({ inputs: now })).toEqual([
            `office: peers.nas.routes: ${NAS} contains 192.168.7.5, where the last update connected from: the relay would answer it through the tunnel and be cut off; an update from there will be refused`,
        ]);
    });

    it.each<[string, WireGuardPlan, WireGuardPlan | undefined]>([
        ["a route that is there already", now, now],
        ["an address that nobody knows yet", inputs("relay.example.org", { client: UNKNOWN }), undefined],
        ["a relay that is not reached over SSH", inputs("relay.example.org"), undefined],
    ])("is not mentioned for %s", (_what, news, olds) => {
        const before = olds === undefined ? {} : { before: { inputs: olds, outputs: {} } };
        expect(clientWarnings({ ...before, inputs: news })).toEqual([]);
    });
});
