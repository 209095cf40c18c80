import { checkAdoption } from "../../../../core/adoption/check.js";
import type { AdoptedPeer, AdoptedRelay } from "../../../../core/adoption/model.js";
import { KEYS } from "../../providers/resources/relays.js";

const peer = (more: Partial<AdoptedPeer> = {}): AdoptedPeer => ({
    ...{ name: "alice", publicKey: KEYS.alice, address: "10.8.0.2", routes: [], preshared: false },
    ...more,
});
const relay = (more: Partial<AdoptedRelay> = {}): AdoptedRelay => ({
    ...{ interface: "wg0", privateKeyFile: "/root/key", publicKey: KEYS.dave, listenPort: 51820 },
    ...{ subnet: "10.8.0.0/24", peers: [peer()], services: [], left: [] },
    ...more,
});

it("an adoption that becomes a program passes", () => {
    const bob = peer({ name: "bob", publicKey: KEYS.bob, address: "10.8.0.3", routes: ["192.168.7.0/24"] });
    const services = [{ name: "wiki", port: 8443, upstream: { peer: "bob", port: 80 } }];
    expect(() =>
        checkAdoption(
            relay({ peers: [peer(), bob], services, subnet6: "fd00::/64", mtu: 1380, endpoint: "192.0.2.7:51820" }),
            "wg0.conf",
        ),
    ).not.toThrow();
});

it.each<[Partial<AdoptedRelay>, RegExp]>([
    [
        { peers: [peer({ address: "10.9.0.2" })] },
        /^wg0\.conf: cannot become a program: peers\.alice\S*: .*; correct it there$/,
    ],
    [
        { peers: [peer(), peer({ name: "bob", publicKey: KEYS.bob })] },
        /^wg0\.conf: cannot become a program: .*10\.8\.0\.2/,
    ],
    [{ peers: [peer({ publicKey: KEYS.dave })] }, /^wg0\.conf\.peers\.alice\.publicKey: /],
    [{ interface: "a name that is too long" }, /^wg0\.conf\.interface: /],
    [{ mtu: 100 }, /^wg0\.conf\.mtu: /],
    [
        { services: [{ name: "wiki", port: 1, upstream: { peer: "nobody", port: 80 } }] },
        /^wg0\.conf\.services\.wiki\.upstream/,
    ],
])("%j is refused as a preview would refuse it", (more, message) => {
    expect(() => checkAdoption(relay(more), "wg0.conf")).toThrow(message);
});
