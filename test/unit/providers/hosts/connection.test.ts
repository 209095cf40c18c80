import { connectionTo } from "../../../../providers/hosts/connection.js";
import type { SshHost } from "../../../../providers/hosts/descriptors.js";

const ssh: SshHost = {
    kind: "ssh",
    address: "198.51.100.2",
    user: "root",
    port: 22,
    sudo: false,
    packages: "require",
};

it("this machine is worked on without a remote connection", async () => {
    const connection = connectionTo({ kind: "local" });
    expect(connection.remote).toBe(false);
    expect(await connection.ask("nothing\n")).toMatchObject({ stdout: expect.stringMatching(/^@refused\n/) as string });
});

it("calls to one host share a connection; other credentials, or another host, get one of their own", () => {
    const connection = connectionTo(ssh);
    expect(connection.remote).toBe(true);
    expect(connectionTo({ ...ssh })).toBe(connection);
    expect(connectionTo(ssh, "a private key")).not.toBe(connection);
    expect(connectionTo({ kind: "local", namespace: "try" })).not.toBe(connectionTo({ kind: "local" }));
});

it("a relay that is set up by a script has no connection, and the error says what to do", () => {
    expect(() => connectionTo({ kind: "script", path: "relay.sh" })).toThrow(
        "it has no remote access; carry its script to it, and the receipt back",
    );
});
