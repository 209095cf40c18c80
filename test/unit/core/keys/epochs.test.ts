import * as fc from "fast-check";
import { checkEpochs, epochPlaces, secondInterface } from "../../../../core/keys/epochs.js";
import { refusal } from "../refusal.js";

const check = (keyEpochs: number[], more: { interface?: string; listenPort?: number } = {}) =>
    checkEpochs({ keyEpochs, interface: "wg0", listenPort: 51820, ...more }, "relay");

const epoch = fc.integer({ min: 1, max: 1_000_000 });

describe("epochPlaces", () => {
    it("gives odd epochs the interface and the port themselves, even ones the next", () => {
        expect(epochPlaces([1, 2], "wg0", 51820)).toStrictEqual([
            { epoch: 1, interface: "wg0", port: 51820 },
            { epoch: 2, interface: "wg0b", port: 51821 },
        ]);
    });

    it("names the oldest first, whatever the order", () => {
        expect(epochPlaces([3, 2], "wg0", 51820).map((place) => place.epoch)).toStrictEqual([2, 3]);
    });

    it("never lets an epoch and the next meet, and gives the one after the place that was left", () => {
        fc.assert(
            fc.property(epoch, fc.integer({ min: 1, max: 65534 }), (first, port) => {
                const [old, next] = epochPlaces([first, first + 1], "wg0", port);
                expect(next!.interface).not.toBe(old!.interface);
                expect(next!.port).not.toBe(old!.port);
                const [after] = epochPlaces([first + 2], "wg0", port);
                expect(after).toStrictEqual({ ...old, epoch: first + 2 });
            }),
        );
    });

    it("does not move an epoch when another one begins or ends", () => {
        fc.assert(
            fc.property(epoch, (first) => {
                const both = epochPlaces([first, first + 1], "wg0", 51820);
                expect(both[0]).toStrictEqual(epochPlaces([first], "wg0", 51820)[0]);
                expect(both[1]).toStrictEqual(epochPlaces([first + 1], "wg0", 51820)[0]);
            }),
        );
    });

    it("leaves the list that it is given alone", () => {
        const epochs = [2, 1];
        epochPlaces(epochs, "wg0", 51820);
        expect(epochs).toStrictEqual([2, 1]);
    });
});

describe("secondInterface", () => {
    it("is the name and a letter, so that it sorts beside it", () => {
        expect(secondInterface("wg0")).toBe("wg0b");
    });
});

describe("checkEpochs", () => {
    it("takes every stage of every rotation", () => {
        fc.assert(
            fc.property(epoch, (first) => {
                for (const stage of [[first], [first, first + 1], [first + 1]]) check(stage);
            }),
        );
    });

    it("refuses what is no stage, and says the stages from there on", () => {
        expect(refusal(() => check([1, 3]))).toBe(
            "relay.keyEpochs: [1, 3] is not a valid rotation stage; give one epoch, or one and the next: [1], then [1, 2], then [2]",
        );
        fc.assert(
            fc.property(
                fc.uniqueArray(epoch, { minLength: 2, maxLength: 4 }).map((list) => list.sort((a, b) => a - b)),
                (epochs) => {
                    fc.pre(epochs.length > 2 || epochs[1] !== epochs[0]! + 1);
                    expect(refusal(() => check(epochs))).toMatch(
                        /^relay\.keyEpochs: .* is not a valid rotation stage;/,
                    );
                },
            ),
        );
    });

    it("refuses an epoch beside itself", () => {
        expect(refusal(() => check([2, 2]))).toContain("[2, 2] is not a valid rotation stage");
    });

    it("refuses a name and a port that leave an even epoch no room, and only then", () => {
        const longest = "a".repeat(15);
        expect(refusal(() => check([1, 2], { interface: longest }))).toBe(
            `relay.interface: "${longest}" leaves no room for the interface name of an even key epoch, "${longest}b"; choose a name of at most 14 characters`,
        );
        expect(refusal(() => check([2], { listenPort: 65535 }))).toBe(
            "relay.listenPort: 65535 leaves no port for an even key epoch; choose 65534 or less",
        );
        check([1], { interface: longest, listenPort: 65535 });
        check([1, 2], { interface: "a".repeat(14), listenPort: 65534 });
    });

    it("lets through what has places that a kernel takes", () => {
        fc.assert(
            fc.property(
                epoch,
                fc.integer({ min: 1, max: 15 }),
                fc.integer({ min: 1, max: 65535 }),
                (first, length, port) => {
                    const device = "w".repeat(length);
                    try {
                        check([first, first + 1], { interface: device, listenPort: port });
                    } catch {
                        return;
                    }
                    for (const place of epochPlaces([first, first + 1], device, port)) {
                        expect(place.interface.length).toBeLessThanOrEqual(15);
                        expect(place.port).toBeLessThanOrEqual(65535);
                    }
                },
            ),
        );
    });
});
