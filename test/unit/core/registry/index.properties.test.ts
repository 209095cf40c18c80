import * as fc from "fast-check";
import type { Ledger } from "../../../../core/registry/model.js";
import { allocate } from "../../../../core/registry/index.js";
import { anyRequest, history, ledgers, NAMES } from "./histories.js";

describe("allocate", () => {
    it("does not depend on the order of declaration, of the ledger's entries either", () => {
        fc.assert(
            fc.property(history, anyRequest, (steps, last) => {
                const before = ledgers(steps).at(-1)?.ledger;
                const expected = JSON.stringify(allocate(last, before));
                const turned = { ...last, peers: reversed(last.peers), services: reversed(last.services) };
                expect(JSON.stringify(allocate(turned, before && turnedLedger(before)))).toBe(expected);
            }),
        );
    });

    it("gives the same again for the same request", () => {
        fc.assert(
            fc.property(history, (steps) => {
                for (const { step, ledger } of ledgers(steps)) {
                    expect(allocate(step, ledger)).toEqual({
                        ledger,
                        problems: [],
                        renamed: [],
                        renamedServices: [],
                        expired: [],
                    });
                }
            }),
        );
    });

    it("never moves anybody because of somebody else", () => {
        fc.assert(
            fc.property(history, (steps) => {
                for (const { step, before, ledger } of ledgers(steps)) {
                    for (const [name, { address }] of Object.entries(before?.peers ?? {})) {
                        const now = step.peers[name];
                        if (now !== undefined && now.address === undefined && inside(step.subnet, address)) {
                            expect(ledger.peers[name]?.address).toBe(address);
                        }
                    }
                    for (const [name, { port }] of Object.entries(before?.services ?? {})) {
                        const now = step.services[name];
                        if (now !== undefined && now.port === undefined) {
                            expect(ledger.services[name]?.port).toBe(port);
                        }
                    }
                }
            }),
        );
    });

    it("gives every address, key and port to one name only, and nobody what is not to be had", () => {
        fc.assert(
            fc.property(history, (steps) => {
                for (const { step, ledger } of ledgers(steps)) {
                    const { peers, services, retired } = ledger;
                    expect(Object.keys(peers).sort()).toEqual(Object.keys(step.peers).sort());
                    const held = [...Object.values(peers), ...Object.values(retired.peers)];
                    unique(held.map(({ address }) => address).filter((address) => address !== ""));
                    unique(held.flatMap(({ publicKey }) => publicKey ?? []).concat(retired.keys ?? []));
                    const ports = [...Object.values(services), ...Object.values(retired.services)].map(
                        ({ port }) => port,
                    );
                    unique(ports.filter((port) => port !== 0));
                    for (const { address, address6 } of Object.values(peers)) {
                        expect(inside(step.subnet, address)).toBe(true);
                        expect(step.reservedAddresses).not.toContain(address);
                        const place = Number(address.split(".")[3]);
                        expect(address6).toBe(step.subnet6 && `fd12::${place.toString(16)}`);
                    }
                }
            }),
        );
    });

    it("remembers every name for ever, and counts each return", () => {
        fc.assert(
            fc.property(history, (steps) => {
                const seen = new Map<string, number>();
                for (const { before, ledger } of ledgers(steps)) {
                    for (const [name, { admitted = 1 }] of [
                        ...Object.entries(ledger.peers),
                        ...Object.entries(ledger.retired.peers),
                    ]) {
                        expect(admitted).toBeGreaterThanOrEqual(seen.get(name) ?? 1);
                        const returned = before !== undefined && name in before.retired.peers && name in ledger.peers;
                        expect(admitted > (seen.get(name) ?? admitted) || !returned).toBe(true);
                        seen.set(name, admitted);
                    }
                    expect([...seen.keys()].every((name) => name in ledger.peers || name in ledger.retired.peers)).toBe(
                        true,
                    );
                }
            }),
        );
    });

    it("lets no key back in that was listed once and is no longer, unless it is reinstated", () => {
        fc.assert(
            fc.property(history, (steps) => {
                const gone = new Set<string>();
                for (const { step, before, ledger } of ledgers(steps)) {
                    const listedBefore = new Set(
                        Object.values(before?.peers ?? {}).flatMap((peer) => peer.publicKey ?? []),
                    );
                    for (const { publicKey, reinstate } of Object.values(step.peers)) {
                        if (publicKey !== undefined && gone.has(publicKey) && !listedBefore.has(publicKey)) {
                            expect(reinstate).toBe(true);
                        }
                    }
                    const now = new Set(Object.values(ledger.peers).flatMap((peer) => peer.publicKey ?? []));
                    for (const key of listedBefore) {
                        if (!now.has(key)) {
                            gone.add(key);
                        }
                    }
                    now.forEach((key) => gone.delete(key));
                }
            }),
        );
    });

    it("takes a fresh address for a new name as long as there is one", () => {
        fc.assert(
            fc.property(fc.array(fc.subarray(NAMES), { minLength: 2, maxLength: 12 }), (steps) => {
                const taken = new Map<string, string>();
                const requests = steps.map((names) => ({
                    subnet: "10.8.0.0/24",
                    reservedAddresses: [],
                    services: {},
                    peers: Object.fromEntries(names.map((name) => [name, {}])),
                }));
                for (const { ledger } of ledgers(requests)) {
                    for (const [name, { address }] of Object.entries(ledger.peers)) {
                        expect(taken.get(address) ?? name).toBe(name);
                        taken.set(address, name);
                    }
                }
            }),
        );
    });
});

function reversed<T>(record: Record<string, T>): Record<string, T> {
    return Object.fromEntries(Object.entries(record).reverse());
}

function turnedLedger(ledger: Ledger): Ledger {
    const { peers, services, retired } = ledger;
    return {
        peers: reversed(peers),
        services: reversed(services),
        retired: { ...retired, peers: reversed(retired.peers), services: reversed(retired.services) },
    };
}

function inside(subnet: string, address: string): boolean {
    const size = 2 ** (32 - Number(subnet.split("/")[1]));
    const [, , third, last] = address.split(".").map(Number);
    return third === 0 && (last as number) >= 2 && (last as number) < size - 1;
}

function unique(values: unknown[]): void {
    expect(new Set(values).size).toBe(values.length);
}
