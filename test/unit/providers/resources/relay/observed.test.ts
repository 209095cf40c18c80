import { driftIn, filesOf, observedDrift as observedIn } from "../../../../../providers/resources/relay/observed.js";
import { storeDrift, type StoredDrift } from "../../../../../core/drift.js";
import type { Part } from "../../../../../core/protocol/steps.js";
import { lamp } from "./lifecycle.js";
import { PLACE } from "../relays.js";

/** As the state has it. */
const observedDrift = (...given: Parameters<typeof observedIn>): StoredDrift => storeDrift([...observedIn(...given)]);

const ANSWER = [
    ".\t700",
    "owner\t600\taa",
    "firewall.nft\t600\tbb",
    "interfaces\t600\tcc",
    "key.1\t600\tdd",
    "services\t600\tee",
    "certs/\t700",
    "certs/wiki.pem\t644\tff",
    "certs/wiki-relay.pem\t644\tf1",
    "caddy/caddy\t755\tf2",
    "elements\t600\tf3",
    "unit/corp-wg0-watch.service\t644\tf4",
    "unit/corp-wg0-renewal.timer\t644\tf5",
    "unknown\t600\tf6",
    "",
].join("\n");

it("each file is kept by the one part that writes it, and its content only where that stays as it was", () => {
    const kept = (["host", "firewall", "wireguard", "proxy", "grants"] as Part[]).map((part) => [
        part,
        filesOf(part, { files: ANSWER })?.trim().split("\n"),
    ]);
    expect(Object.fromEntries(kept)).toEqual({
        host: [".\t700\t", "owner\t600", "unit/corp-wg0-watch.service\t644\tf4"],
        firewall: ["firewall.nft\t600\tbb"],
        wireguard: ["interfaces\t600\tcc", "key.1\t600\tdd"],
        proxy: [
            "caddy/caddy\t755\tf2",
            "certs/\t700\t",
            "certs/wiki-relay.pem\t644",
            "certs/wiki.pem\t644\tff",
            "services\t600\tee",
            "unit/corp-wg0-renewal.timer\t644\tf5",
        ],
        grants: ["elements\t600"],
    });
    expect(filesOf("host", {})).toBeUndefined();
});

describe("files", () => {
    const differ = (expected: string, files: string): unknown => observedDrift("proxy", { files: expected }, { files });

    it("that are as they were are no difference; nor is anything where the state has none", () => {
        const kept = filesOf("proxy", { files: ANSWER })!;
        expect(differ(kept, ANSWER)).toEqual({});
        expect(observedDrift("proxy", {}, { files: "" })).toEqual({});
    });

    it.each([
        [
            "services\t600\tee\n",
            "",
            "file services",
            "the file services is missing on the relay; `pulumi up --refresh` writes it again",
        ],
        [
            "services\t600\tee\n",
            "services\t600\tff\n",
            "file services",
            "the file services was changed on the relay; `pulumi up --refresh` restores it",
        ],
        [
            "services\t600\tee\n",
            "services\t644\tee\n",
            "file services",
            "the file services has mode 644 instead of 600; `pulumi up --refresh` restores it",
        ],
        [
            ".\t700\n",
            ".\t755\n",
            "file .",
            "the relay's folder in /etc has mode 755 instead of 700; `pulumi up --refresh` restores it",
        ],
        [
            "issuers/\t700\n",
            "",
            "file issuers/",
            "the folder issuers/ is missing on the relay; `pulumi up --refresh` writes it again",
        ],
        [
            "caddy/caddy\t755\taa\n",
            "caddy/caddy\t755\tbb\n",
            "file caddy/caddy",
            "the Caddy binary was changed on the relay; `pulumi up --refresh` restores it",
        ],
        [
            "unit/x.timer\t644\taa\n",
            "",
            "file unit/x.timer",
            "the unit x.timer is missing on the relay; `pulumi up --refresh` writes it again",
        ],
        [
            "certs/a.pem\t644\taa\n",
            "",
            "certificate file certs/a.pem",
            "the file certs/a.pem is missing on the relay; `pulumi up --refresh` writes it again",
        ],
    ])("%j became %j", (expected, now, name, sentence) => {
        expect(differ(expected, now)).toEqual({ [name]: sentence });
    });

    it("whose content changes with every operation are compared by mode alone", () => {
        expect(differ("elements\t600\n", "elements\t600\tother\n")).toEqual({});
        expect(Object.keys(differ("elements\t600\n", "elements\t640\tother\n") as object)).toEqual(["file elements"]);
    });

    it("the program is compared with the hash that lies beside it", () => {
        const found = (sum: string): unknown =>
            observedDrift("host", {}, { files: "program\t600\taa\n", "program.sum": sum });
        expect(found("aa\n")).toEqual({});
        expect(found("bb\n")).toEqual({
            "file program": "the file program was changed on the relay; `pulumi up --refresh` restores it",
        });
    });
});

describe("units", () => {
    const differ = (part: Part, units: string): unknown => observedDrift(part, {}, { units });

    it.each([
        ["x-firewall.service\tenabled\tactive\n", {}],
        ["x-firewall.service\tenabled\tinactive\n", {}],
        [
            "x-firewall.service\tdisabled\tactive\n",
            {
                "unit x-firewall.service":
                    "the unit x-firewall.service is disabled: it will not start at boot; `pulumi up --refresh` enables it",
            },
        ],
        [
            "x-firewall.service\t\tinactive\n",
            {
                "unit x-firewall.service":
                    "the unit x-firewall.service is gone: it will not start at boot; `pulumi up --refresh` enables it",
            },
        ],
        [
            "x-firewall.service\tenabled\tfailed\n",
            { "unit x-firewall.service": "the unit x-firewall.service has failed; `pulumi up --refresh` starts it" },
        ],
        // The proxy's to tell.
        ["x-renewal.timer\tdisabled\tinactive\n", {}],
    ])("of Host: %j", (units, drift) => {
        expect(differ("host", units)).toEqual(drift);
    });

    it("stand for the processes that they run", () => {
        const units = "x-watch.service\tenabled\tinactive\nx-renewal.timer\tenabled\tinactive\n";
        expect(differ("wireguard", units)).toEqual({
            "process watch":
                "the relay's watcher is not running: expiries are not enforced and changes are not repaired; `pulumi up --refresh` starts it",
        });
        expect(observedDrift("proxy", {}, { units, files: "renewals\t600\taa\n" })).toEqual({
            "process renewal": "the relay's certificates are not renewed; `pulumi up --refresh` starts it",
        });
        expect(differ("wireguard", units.replaceAll("inactive", "active"))).toEqual({});
    });
});

describe("processes without systemd", () => {
    const processes = "watch\t0\nwireguard.wg0.supervisor\t0\nproxy.supervisor\t0\nrenewal\t0\nother\t0\n";
    const missing = (part: Part, answer = {}): string[] =>
        Object.keys(observedDrift(part, {}, { processes, ...answer }));

    it("are told by the part that starts them", () => {
        expect(missing("wireguard")).toEqual(["process watch", "process wireguard.wg0.supervisor"]);
        expect(missing("host")).toEqual([]);
        expect(missing("wireguard", { processes: processes.replaceAll("\t0", "\t1") })).toEqual([]);
    });

    it("of a proxy count only where there is one, and where it renews", () => {
        expect(missing("proxy")).toEqual([]);
        expect(missing("proxy", { caddy: "{}\n" })).toEqual(["process proxy.supervisor"]);
        expect(missing("proxy", { files: "renewals\t600\taa\n" })).toEqual(["process renewal"]);
    });
});

it("an answer under another id is told, besides everything else that differs", () => {
    const drift = (mark: string | undefined, id: string | undefined): string[] =>
        driftIn(
            lamp("grants"),
            { id, inputs: PLACE, outputs: { colour: "red" } },
            { nft: "blue\n", ...(mark === undefined ? {} : { mark }) },
        ).map(({ sentence }) => sentence.split(":")[0]!);
    expect(drift("g1\n", "g1")).toEqual(["it is blue"]);
    expect(drift("g2\n", "g1")).toEqual(["the relay's records of it have a different id", "it is blue"]);
    expect(drift(undefined, "g1")).toEqual(["it is blue"]);
    expect(drift("g2\n", undefined)).toEqual(["it is blue"]);
});
