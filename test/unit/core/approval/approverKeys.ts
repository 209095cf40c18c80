/** Approvers with Ed25519 keys, who sign as `ssh-keygen -Y sign` does. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";

import { NAMESPACE } from "../../../../core/approval/approvers.js";
import { armourSshSignature } from "../../../../core/approval/sshSignature.js";
import { joinBytes, sshField, toBase64 } from "../../../../core/approval/sshWire.js";

export interface TestApprover {
    principal: string;
    /** "ssh-ed25519 AAAA…" */
    publicKey: string;
    /** "alice@example.com ssh-ed25519 AAAA…" */
    line: string;
    sign(text: string, namespace?: string): string;
}

export function approver(principal: string): TestApprover {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const point = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
    const blob = joinBytes(sshField("ssh-ed25519"), sshField(new Uint8Array(point)));
    const text = `ssh-ed25519 ${toBase64(blob)}`;
    return {
        principal,
        publicKey: text,
        line: `${principal} ${text}`,
        sign(message, namespace = NAMESPACE) {
            const head = joinBytes(sshField(namespace), sshField(""), sshField("sha512"));
            const digest = new Uint8Array(createHash("sha512").update(message).digest());
            const signed = joinBytes(Buffer.from("SSHSIG"), head, sshField(digest));
            const raw = joinBytes(sshField("ssh-ed25519"), sshField(new Uint8Array(sign(null, signed, privateKey))));
            const whole = joinBytes(Buffer.from("SSHSIG\0\0\0\x01"), sshField(blob), head, sshField(raw));
            return armourSshSignature(toBase64(whole));
        },
    };
}

export const [ALICE, BOB, EVE] = ["alice@example.com", "bob@example.com", "eve@example.com"].map(approver) as [
    TestApprover,
    TestApprover,
    TestApprover,
];
