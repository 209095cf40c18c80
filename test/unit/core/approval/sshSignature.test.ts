import fc from "fast-check";

import {
    armourSshSignature,
    parseSshSignature,
    readSshSignature,
    sshSignatureBody,
    verifySshSignature,
} from "../../../../core/approval/sshSignature.js";
import { sshCrypto } from "../../../../providers/audit/sshCrypto.js";
import { ALICE } from "./approverKeys.js";

const verify = (armoured: string, text: string, namespace = "here") =>
    verifySshSignature(parseSshSignature(armoured), namespace, Buffer.from(text), sshCrypto);

it("is of one message and one namespace", () => {
    fc.assert(
        fc.property(fc.string(), fc.string(), (text, other) => {
            const signature = ALICE.sign(text, "here");
            expect(verify(signature, text)).toBe(true);
            if (other !== text) expect(verify(signature, other)).toBe(false);
            expect(verify(signature, text, "there")).toBe(false);
        }),
        { numRuns: 20 },
    );
});

it("is not valid, or cannot be read, with any bit changed", () => {
    const body = Buffer.from(sshSignatureBody(ALICE.sign("text", "here")), "base64");
    for (let bit = 0; bit < body.length * 8; bit++) {
        const changed = Buffer.from(body);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        let valid = false;
        try {
            const signature = readSshSignature(changed.toString("base64"));
            // Another key may fit another signature: whose it is is asked elsewhere.
            valid = Buffer.from(signature.blob).equals(Buffer.from(parseSshSignature(ALICE.sign("", "here")).blob)) && verifySshSignature(signature, "here", Buffer.from("text"), sshCrypto);
        } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
        }
        expect([bit, valid]).toEqual([bit, false]);
    }
}); // prettier-ignore

it("is written as it was read", () => {
    const armoured = ALICE.sign("text");
    expect(armourSshSignature(sshSignatureBody(armoured))).toBe(armoured);
});

it("refuses what is not one", () => {
    expect(() => parseSshSignature("-----BEGIN PGP SIGNATURE-----")).toThrow("not a signature of ssh-keygen");
    expect(() => readSshSignature("!")).toThrow("not base64");
    expect(() => readSshSignature(Buffer.from("SSHSIG\0\0\0\x02").toString("base64"))).toThrow("version 1");
});
