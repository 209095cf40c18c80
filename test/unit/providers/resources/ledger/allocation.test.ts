import type { Fault } from "../../../../../core/fault.js";
import type { Ledger } from "../../../../../core/registry/model.js";
import { nextLedger } from "../../../../../providers/resources/ledger/allocation.js";
import { readRegistry } from "../../../../../providers/resources/ledger/inputs.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { contextOf, REF } from "../relay/lifecycle.js";
import { KEYS } from "../relays.js";

const NOW = new Date("2027-01-01T00:00:00Z");
beforeEach(() => void jest.useFakeTimers({ now: NOW }));
afterEach(() => void jest.useRealTimers());

/** The next ledger, and what was said. */
function next(
    more: Properties,
    previous?: Ledger,
): { ledger: Ledger; problems: Fault[]; isUnfit: boolean; said: string[] } {
    const context = contextOf();
    const inputs = readRegistry({
        ...{ relay: "hub", audit: REF, subnet: "10.8.0.0/24", peers: {}, services: {} },
        ...more,
    });
    return { ...nextLedger(inputs, previous, context), said: context.said };
}

it("every peer has an address, and every service a port, and keeps it beside new ones", () => {
    const first = next({ peers: { bob: {}, carol: {} }, services: { wiki: {} } });
    expect(first).toMatchObject({
        ledger: {
            peers: { bob: { address: "10.8.0.2" }, carol: { address: "10.8.0.3" } },
            services: { wiki: { port: expect.any(Number) as number } },
        },
        problems: [],
        isUnfit: false,
        said: [],
    });
    const second = next({ peers: { alice: {}, bob: {}, carol: {} }, services: { wiki: {} } }, first.ledger);
    expect(second.ledger.peers).toMatchObject({ ...first.ledger.peers, alice: { address: "10.8.0.4" } });
    expect(second.ledger.services).toEqual(first.ledger.services);
});

it("reserved addresses are left out", () => {
    expect(next({ peers: { bob: {} }, reserved: ["10.8.0.2"] }).ledger.peers).toMatchObject({
        bob: { address: "10.8.0.3" },
    });
});

it("a peer under a new name is known by its key, also by one that another resource puts out, and a service by its former name", () => {
    const { ledger } = next({ peers: { bob: { publicKey: KEYS.bob } }, services: { wiki: {} } });
    const port = ledger.services["wiki"]!.port;
    const said = [
        "info: hub: robert has the key of bob and keeps the address",
        `info: hub: service wiki is now called pages and keeps port ${port}`,
    ];
    const services = { pages: { formerly: ["wiki"] } };
    const renamed = next({ peers: { robert: { publicKey: KEYS.bob } }, services }, ledger);
    expect([renamed.said, renamed.ledger.peers]).toMatchObject([said, { robert: { address: "10.8.0.2" } }]);
    const output = { peers: { robert: { isOutput: true } }, publicKeys: { robert: KEYS.bob }, services };
    expect(next(output, ledger).said).toEqual(said);
    expect(next({ ...output, publicKeys: { robert: UNKNOWN } }, ledger).said).toEqual(said.slice(1));
});

it("a peer that expired before it was ever added is named in a warning", () => {
    const expires = "2026-12-31T00:00:00Z";
    const { ledger, said } = next({ peers: { alice: {}, bob: { expires } } });
    expect(said).toEqual([`warning: hub: bob (${expires}) expired before being added and is not added`]);
    expect(Object.keys(ledger.peers)).toEqual(["alice"]);
});

it("what no relay could have is told apart from what only this relay's history forbids", () => {
    expect(next({ subnet: "10.8.0.0/33" })).toMatchObject({ isUnfit: true, problems: [{ path: "subnet" }] });
    const { ledger } = next({ peers: { bob: { publicKey: KEYS.bob } } });
    const { ledger: without } = next({}, ledger);
    expect(next({ peers: { carol: { publicKey: KEYS.bob } } }, without)).toMatchObject({
        isUnfit: false,
        problems: [{ path: "peers.carol.publicKey" }],
    });
});
