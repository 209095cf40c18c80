import { describeRelay, leafName, leafNetworks, leafRules } from "../../../../core/wireguard/leaf.js";

const NAS = { address: "10.8.0.3", address6: "fd12::3", routes: ["192.168.7.0/24"] };
const RULES = {
    "(relay)": ["10.8.0.1 -> 10.8.0.3 tcp/3000", "10.8.0.1 -> 192.168.7.9 tcp/80", "10.8.0.1 -> 10.8.0.4 tcp/80"],
    alice: ["10.8.0.2 -> 10.8.0.1 tcp/8443", "10.8.0.2 -> 192.168.7.0/24 all", "fd12::2 -> fd12::3 icmp"],
    bob: ["10.8.0.4 -> 10.8.0.1 tcp/8443", "10.8.0.4 -> 192.168.8.0/24 all"],
    nas: ["10.8.0.3 -> 10.8.0.4 tcp/22", "10.8.0.3 -> 192.168.9.0/24 tcp/443"],
};

it("lets a leaf know the rules that begin or end at it or behind it, and no others", () => {
    expect(leafRules(RULES, NAS)).toStrictEqual({
        "(relay)": ["10.8.0.1 -> 10.8.0.3 tcp/3000", "10.8.0.1 -> 192.168.7.9 tcp/80"],
        alice: ["10.8.0.2 -> 192.168.7.0/24 all", "fd12::2 -> fd12::3 icmp"],
        nas: RULES.nas,
    });
    expect(leafRules(RULES, { address: "10.8.0.9", routes: [] })).toStrictEqual({});
});

it("leads a leaf to the networks that it exchanges packets with, not to its own and not to the tunnel", () => {
    const networks = ["192.168.9.0/24", "192.168.7.0/24", "192.168.8.0/24", "fd99::/64"];
    expect(leafNetworks(RULES, NAS, networks)).toStrictEqual(["192.168.9.0/24"]);
    expect(leafNetworks(RULES, { address: "10.8.0.4", routes: ["192.168.9.0/24"] }, networks)).toStrictEqual([
        "192.168.8.0/24",
    ]);
});

it("names it after its relay, as no relay can be called", () => {
    expect(leafName("office", "nas")).toBe("office/nas");
    expect(describeRelay("office/nas")).toBe("managed peer nas of relay office");
    expect(describeRelay("office")).toBe("relay office");
});
