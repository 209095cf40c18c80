import { certificateSentences, kept } from "../../../../../providers/resources/proxy/certificateSentences.js";

type Kind = "ed25519" | "ecdsa-p256" | "both";
const said = (then: Kind | undefined, now: Kind): string[] =>
    certificateSentences("hub: service wiki", then === undefined ? undefined : { certificate: then }, {
        certificate: now,
    });

it.each<[Kind | undefined, Kind, string[]]>([
    [undefined, "both", []],
    [undefined, "ecdsa-p256", []],
    ["both", "both", []],
    [
        undefined,
        "ed25519",
        [
            'hub: service wiki has an Ed25519 certificate, which no browser accepts; use `certificate: "both"` for browsers',
        ],
    ],
    [
        "ed25519",
        "both",
        [
            "hub: service wiki gets a P-256 certificate in addition to its Ed25519 one: browsers can open it once they trust the relay's P-256 CA (`qp-tunnel ca`); existing clients get the same certificate as before",
        ],
    ],
    [
        "ecdsa-p256",
        "both",
        [
            "hub: service wiki presents its Ed25519 certificate to clients that accept it, which must then trust that CA too: hand it out with `qp-tunnel ca` first; browsers are not affected",
        ],
    ],
    [
        "ed25519",
        "ecdsa-p256",
        [
            "hub: service wiki no longer has its Ed25519 certificate: clients that trust only that CA can no longer connect; hand out the P-256 one with `qp-tunnel ca` first",
        ],
    ],
    [
        "both",
        "ed25519",
        [
            "hub: service wiki no longer has its P-256 certificate: clients that trust only that CA can no longer connect; hand out the Ed25519 one with `qp-tunnel ca` first",
            'hub: service wiki has an Ed25519 certificate, which no browser accepts; use `certificate: "both"` for browsers',
        ],
    ],
])("from %s to %s", (then, now, sentences) => {
    expect(said(then, now)).toEqual(sentences);
});

it("a second certificate beside the first one changes nothing for those who use the service", () => {
    expect(kept({ certificate: "ed25519" }, { certificate: "both" })).toEqual({ certificate: "both" });
    for (const [then, now] of [
        ["ecdsa-p256", "both"],
        ["both", "ed25519"],
        ["ed25519", "ed25519"],
    ] as const)
        expect(kept({ certificate: then }, { certificate: now })).toEqual({});
});
