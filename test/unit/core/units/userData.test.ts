import { parse } from "yaml";

import { hostKeyUserData } from "../../../../core/units/userData.js";

it("tells a machine its host key and nothing else, in the words of cloud-init", () => {
    const privateKey = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\nBBBB\n-----END OPENSSH PRIVATE KEY-----\n";
    const text = hostKeyUserData({ publicKey: "ssh-ed25519 AAAA", privateKey });
    expect(text.split("\n")[0]).toBe("#cloud-config");
    expect(parse(text)).toStrictEqual({
        ssh_keys: { ed25519_private: privateKey, ed25519_public: "ssh-ed25519 AAAA" },
    });
});
