import { webcrypto } from "node:crypto";

import { certificateInfo, createAuthority, requestInfo } from "../../../../../core/certificates/index.js";
import { certificatesFor } from "../../../../../providers/resources/script/certificates.js";
import type { Certificates } from "../../../../../providers/resources/script/inputs.js";
import type { Properties } from "../../../../../providers/resources/resource.js";
import { NOTES, requestOf, scriptChange } from "./scripts.js";

let authority: { certificate: string; privateKey: string };
let other: typeof authority;
let issued: Certificates;
const request = requestOf();

const told = (more: Properties = {}): Properties => ({
    services: { notes: NOTES },
    authorities: { ed25519: authority.certificate },
    authorityKeys: { ed25519: authority.privateKey },
    ...more,
});
/** Of an update after which the program says something else. */
const updated = (more: Properties, certificates: Certificates = issued, pem = request): Promise<Certificates> =>
    certificatesFor(scriptChange(told(more), { inputs: told(), outputs: { certificates } }), { notes: pem });

beforeAll(async () => {
    const asked = { appName: "qp-tunnel", subnet: "10.8.0.0/24", algorithm: "ed25519" as const };
    [authority, other] = await Promise.all([
        createAuthority({ ...asked, now: new Date(), crypto: webcrypto }),
        createAuthority({ ...asked, now: new Date(), crypto: webcrypto }),
    ]);
    issued = await certificatesFor(scriptChange(told()), { notes: request });
});

it("are issued for services whose key the relay has shown", async () => {
    expect(Object.keys(issued)).toEqual(["notes"]);
    const { notes } = issued;
    expect(notes).toMatchObject({
        file: `notes-${notes?.fingerprint.slice(0, 12)}`,
        request: requestInfo(request).fingerprint,
    });
    expect(certificateInfo(notes?.certificate ?? "").names).toEqual(["notes.qp-tunnel.internal", "10.8.0.1"]);
    expect(await certificatesFor(scriptChange(told()), {})).toEqual({});
    expect(await certificatesFor(scriptChange(told({ services: {} })), { notes: request })).toEqual({});
});

it("are not issued for a key of another kind than the service has", async () => {
    const p256 = requestOf(["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    expect(await updated({}, issued, p256)).toEqual({});
});

it("stay as they are while nothing about them changes", async () => {
    expect(await updated({})).toEqual(issued);
    expect(await updated({ mtu: 1280 })).toEqual(issued);
});

it("are issued again for another key, another address, another name, another CA, or when they are due", async () => {
    const isNew = async (found: Promise<Certificates>): Promise<boolean> =>
        (await found)["notes"]?.fingerprint !== issued["notes"]?.fingerprint;
    expect(await isNew(updated({}, issued, requestOf()))).toBe(true);
    expect(await isNew(updated({ addresses: ["10.8.0.1", "fd12::1"] }))).toBe(true);
    expect(await isNew(updated({ appName: "corp" }))).toBe(true);
    const authorities = { ed25519: other.certificate };
    expect(await isNew(updated({ authorities, authorityKeys: { ed25519: other.privateKey } }))).toBe(true);
    // The CA's own certificate may be reissued: it is its key that counts.
    expect(await isNew(updated({ authorities }))).toBe(false);
    const old = { notes: { ...issued["notes"]!, notBefore: "2020-01-01T00:00:00Z" } };
    expect(await isNew(updated({}, old))).toBe(true);
});
