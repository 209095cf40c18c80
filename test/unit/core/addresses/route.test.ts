import { parseRoute } from "../../../../core/addresses/index.js";
import { refusal } from "../refusal.js";

describe("parseRoute", () => {
    const context = { subnet: "10.8.0.0/24", subnet6: "fd12::/64" };

    it.each(["192.168.7.0/24", "192.168.7.9/32", "10.0.0.0/13", "10.8.1.0/24", "fd13::/48", "2001:db8::/32"])(
        "takes %s",
        (route) => {
            expect(parseRoute(route, "routes[0]", context)).toBe(route);
        },
    );

    it.each([
        ["0.0.0.0/0", 'routes[0]: "0.0.0.0/0" is a default route; list the networks that are actually behind it'],
        ["::/0", 'routes[0]: "::/0" is a default route; list the networks that are actually behind it'],
        [
            "10.0.0.0/8",
            'routes[0]: "10.0.0.0/8" overlaps the tunnel\'s own 10.8.0.0/24; choose another network, or another subnet for the tunnel',
        ],
        [
            "fd12::8/128",
            'routes[0]: "fd12::8/128" overlaps the tunnel\'s own fd12::/64; choose another network, or another subnet for the tunnel',
        ],
    ])("refuses %s", (route, message) => {
        expect(refusal(() => parseRoute(route, "routes[0]", context))).toBe(message);
    });

    it.each([
        ["169.254.169.254/32", "169.254.0.0/16 (link-local, with the cloud's metadata address)"],
        ["168.0.0.0/7", "169.254.0.0/16 (link-local, with the cloud's metadata address)"],
        ["127.0.0.1/32", "127.0.0.0/8 (loopback)"],
        // The two halves of a default route are one, too.
        ["0.0.0.0/1", '0.0.0.0/8 ("this network")'],
        ["128.0.0.0/1", "169.254.0.0/16 (link-local, with the cloud's metadata address)"],
        ["224.0.0.251/32", "224.0.0.0/4 (multicast)"],
        ["fe80::/64", "fe80::/10 (link-local)"],
        ["ff02::1/128", "ff00::/8 (multicast)"],
        ["::1/128", "::/127 (unspecified and loopback)"],
        ["fd00:ec2::254/128", "fd00:ec2::254/128 (the cloud's metadata address)"],
    ])("refuses %s, for it overlaps %s", (route, network) => {
        expect(refusal(() => parseRoute(route, "routes[0]", context))).toBe(
            `routes[0]: "${route}" overlaps ${network}; list only networks that can be routed`,
        );
    });

    it("refuses IPv6 on a relay without it", () => {
        expect(refusal(() => parseRoute("fd13::/48", "routes[0]", { subnet: "10.8.0.0/24" }))).toBe(
            'routes[0]: "fd13::/48" is IPv6, and the relay has no subnet6; give the relay a subnet6, or remove the route',
        );
    });
});
