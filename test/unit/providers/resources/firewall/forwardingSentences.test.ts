import { forwardingSentences } from "../../../../../providers/resources/firewall/forwardingSentences.js";

it("says what networks that come and go mean for the machine", () => {
    expect(forwardingSentences("hub", [], ["10.20.0.0/16"])).toEqual([
        "hub: enables forwarding on the interface to 10.20.0.0/16, for tunnel connections only; other traffic is forwarded there only if the machine did so before",
    ]);
    expect(forwardingSentences("hub", ["10.30.0.0/16"], ["10.20.0.0/16", "fd01::/64"])).toEqual([
        "hub: enables forwarding on the interfaces to 10.20.0.0/16 and fd01::/64, for tunnel connections only; other traffic is forwarded there only if the machine did so before",
        "hub: no longer forwards to 10.30.0.0/16; on interfaces that no other network needs, forwarding is restored to its previous setting",
    ]);
});

it("says nothing of networks that stay, in whatever order", () => {
    expect(forwardingSentences("hub", ["a", "b"], ["b", "a"])).toEqual([]);
});
