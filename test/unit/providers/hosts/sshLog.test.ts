import { execFileSync } from "node:child_process";

import { HostError, HostUnreachable } from "../../../../core/errors.js";
import type { SshHost } from "../../../../providers/hosts/descriptors.js";
import {
    explainFailure,
    explainStream,
    HostKeyMismatch,
    isPostQuantum,
    negotiatedIn,
    pinnedFingerprint,
} from "../../../../providers/hosts/sshLog.js";

const HOST: SshHost = {
    ...{ kind: "ssh", address: "203.0.113.7", port: 22, user: "admin" },
    ...{ sudo: true, packages: "install" },
};
const SEEN = "debug1: Server host key: ssh-ed25519 SHA256:seen\n";

type Kind = typeof HostError;

it.each<[string, string, Kind, string]>([
    [
        "another host key",
        `${SEEN}Host key verification failed.\n`,
        HostKeyMismatch,
        "the machine shows the host key SHA256:seen, pinned is SHA256:pinned; find out why first: this may be a man in the middle. If the machine was rebuilt, pin its new key",
    ],
    [
        "a host key of another kind",
        "Unable to negotiate with 203.0.113.7 port 22: no matching host key type found. Their offer: ssh-rsa\n",
        HostKeyMismatch,
        "the machine has no host key of the pinned kind (SHA256:pinned); pin a key that it has",
    ],
    [
        "too many keys",
        `${SEEN}Received disconnect from 203.0.113.7: 2: Too many authentication failures\n`,
        HostError,
        "the machine ended the connection after too many keys were offered; set identityFile to the key that is authorized there, or remove keys from the agent (`ssh-add -d`)",
    ],
    [
        "a key that others can read",
        "Permissions 0644 for '/home/u/id' are too open.\nadmin@203.0.113.7: Permission denied (publickey).\n",
        HostError,
        "identityFile /home/u/id is readable by others (mode 0644); run `chmod 600 /home/u/id`",
    ],
    [
        "a key with a passphrase",
        "debug1: Server accepts key: /home/u/id ED25519 SHA256:x explicit\nadmin@203.0.113.7: Permission denied (publickey).\n",
        HostError,
        "identityFile /home/u/id is encrypted, and its passphrase cannot be entered here; add it to the agent first: `ssh-add /home/u/id`",
    ],
    [
        "a file that is no key",
        'Load key "/home/u/id": error in libcrypto\r\nadmin@203.0.113.7: Permission denied (publickey).\n',
        HostError,
        "identityFile /home/u/id is not a private key that OpenSSH reads (error in libcrypto); give a private key in OpenSSH or PEM format, with Unix line endings",
    ],
    [
        "no authorized key",
        `${SEEN}admin@203.0.113.7: Permission denied (publickey,password).\n`,
        HostError,
        "the machine accepts none of the offered keys for admin; check user, identityFile and the agent (`ssh-add -l`)",
    ],
    [
        "nobody there",
        "debug1: Connecting to 203.0.113.7\nssh: connect to host 203.0.113.7 port 22: No route to host\r\n",
        HostUnreachable,
        "it cannot be reached (ssh: connect to host 203.0.113.7 port 22: No route to host); check address, port and firewall, then apply again",
    ],
    [
        "a connection that broke",
        `${SEEN}client_loop: send disconnect: Broken pipe\ndebug1: bye\n`,
        HostUnreachable,
        "the connection broke (client_loop: send disconnect: Broken pipe); apply again: the next apply completes or undoes the update",
    ],
    [
        "nothing at all",
        "",
        HostUnreachable,
        "the connection broke (no reason given); apply again: the next apply completes or undoes the update",
    ],
])("explains %s", (_, log, kind, message) => {
    const error = explainFailure(HOST, log, "", "SHA256:pinned");
    expect(error.message).toBe(`admin@203.0.113.7: ${message}`);
    expect(error.constructor).toBe(kind);
});

describe("what is in between", () => {
    const said =
        "admin@gate: Permission denied (publickey).\nkex_exchange_identification: Connection closed\nConnection closed by UNKNOWN port 65535\n";

    it("is named where the program gave it, with its own reason", () => {
        const own = "debug1: bye\nConnection closed by UNKNOWN port 65535\n";
        const error = explainFailure(
            { ...HOST, proxyJump: "admin@gate" },
            own,
            "ssh: Could not resolve hostname gate\n",
            undefined,
        );
        expect(error).toBeInstanceOf(HostUnreachable);
        expect(error.message).toBe(
            "admin@203.0.113.7: the jump host admin@gate does not reach it (ssh: Could not resolve hostname gate); " +
                "check that `ssh -J admin@gate admin@203.0.113.7` works from here; the host key of the jump host must be in your own known_hosts",
        );
    });

    it("is in the user's own configuration otherwise", () => {
        expect(explainFailure(HOST, "", said, undefined).message).toBe(
            "admin@203.0.113.7: the jump host or ProxyCommand in ssh_config does not reach it (kex_exchange_identification: Connection closed); " +
                "check that `ssh admin@203.0.113.7` works from here; the host key of the jump host must be in your own known_hosts",
        );
    });

    it("is not at fault once the machine itself has shown its key", () => {
        const own = `${SEEN}admin@203.0.113.7: Permission denied (publickey).\nConnection closed by UNKNOWN port 65535\n`;
        expect(explainFailure(HOST, own, "", undefined).message).toContain(
            "accepts none of the offered keys for admin",
        );
    });
});

it("a stream that the sshd forbids is told apart from a service that does not listen", () => {
    expect(
        explainStream(HOST, "10.8.0.1:8443", "channel 0: open failed: administratively prohibited: open failed\n")
            .message,
    ).toBe(
        "admin@203.0.113.7: its sshd does not forward TCP connections, which the check of a service at 10.8.0.1:8443 needs; set `AllowTcpForwarding local` in its sshd_config for admin",
    );
    expect(
        explainStream(HOST, "10.8.0.1:8443", "debug1: x\nchannel 0: open failed: connect failed: Connection refused\n")
            .message,
    ).toBe(
        "admin@203.0.113.7: no connection to 10.8.0.1:8443 (channel 0: open failed: connect failed: Connection refused); check that the service listens there",
    );
});

it("what was negotiated is read from the log of the connection that did", () => {
    const log = "debug1: kex: algorithm: sntrup761x25519-sha512\ndebug1: kex: host key algorithm: ssh-ed25519\n";
    expect(negotiatedIn(log, "relay ssh-ed25519 AAAA root@relay\n")).toEqual({
        keyExchange: "sntrup761x25519-sha512",
        hostKey: "ssh-ed25519 AAAA",
    });
    expect(negotiatedIn(log, "")).toMatchObject({ hostKey: "" });
    expect(negotiatedIn("debug1: mux_client_request_session\n", "relay ssh-ed25519 AAAA\n")).toBeUndefined();
});

it.each([
    ["mlkem768x25519-sha256", true],
    ["sntrup761x25519-sha512@openssh.com", true],
    ["curve25519-sha256", false],
    ["x-mlkem768", false],
])("%s is post-quantum: %s", (name, is) => expect(isPostQuantum(name)).toBe(is));

it("a pinned key has the fingerprint that ssh-keygen prints", () => {
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtkLUZ4cZgEpqlBkXcXaPTcJrOJdQnZUyJfZ4bqPY0c root@relay\n";

    const printed = execFileSync("ssh-keygen", ["-lf", "-"], { input: key, encoding: "utf8" });
    expect(pinnedFingerprint(key)).toBe(printed.split(" ")[1]);
    expect(pinnedFingerprint(undefined)).toBeUndefined();
});
