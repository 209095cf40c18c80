import { keptIn, keptNames, withKept } from "../../../../../providers/resources/keys/kept.js";

const urn = (name: string): { urn: string } => ({ urn: `urn:pulumi:dev::shop::qptunnel:index:Host::${name}` });

it("what the state holds goes into the inputs only where the engine tells nothing of the past", () => {
    const news = { relay: "hub", kept: { seed: "x" } };
    expect(withKept(news, undefined)).toEqual(news);
    expect(withKept(news, { relay: "hub" })).toEqual({ relay: "hub" });
    for (const kept of [{}, undefined, null, "x"])
        expect(withKept({ relay: "hub", kept }, undefined)).toEqual({ relay: "hub" });
});

it("is what the replaced resource told", () => {
    expect(keptIn({ kept: { seed: "x" } })).toEqual({ seed: "x" });
    for (const kept of [undefined, null, [], "x"]) expect(keptIn({ kept })).toBeUndefined();
});

it.each<[object, unknown]>([
    [{ relay: "hub" }, undefined],
    [{ relay: "hub", kept: { seed: "x" } }, undefined],
    [{ relay: "hub", kept: urn("office-host") }, { label: "shop/dev/office" }],
    [
        { relay: "hub/nas", role: "leaf", kept: urn("hub-nas-host") },
        { label: "shop/dev/hub/nas", peer: "nas" },
    ],
    [
        { relay: "hub/nas", role: "leaf", formerly: ["disk"], kept: urn("hub-disk-host") },
        { label: "shop/dev/hub/disk", peer: "disk" },
    ],
    [{ relay: "hub/nas", role: "leaf", kept: urn("hub-other-host") }, undefined],
])("%j was called %j", (inputs, names) => {
    expect(keptNames({ ...inputs })).toEqual(names);
});
