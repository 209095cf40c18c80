import fc from "fast-check";

import { checkSshHost, digitalOceanArgs, localArgs, sshArgs } from "../../../../core/arguments/host.js";
import { validate } from "../../../../core/arguments/validate.js";

const SSH = { address: "203.0.113.7", user: "root", port: 22, hostKey: "ssh-ed25519 AAAA" };
const fault = (check: () => unknown): string => {
    try {
        check();
        return "";
    } catch (error) {
        return (error as Error).message;
    }
};
const way = (more: object): string => fault(() => checkSshHost({ ...SSH, ...more }));

it("nothing that leads to a machine becomes an option of the SSH client, or a second argument", () => {
    const dangerous = fc.oneof(
        fc.string().map((text) => `-${text}`),
        fc
            .tuple(fc.string(), fc.constantFrom(" ", "\n", "\t", "\0", '"', "'", ";", "$"), fc.string())
            .map((parts) => parts.join("")),
    );
    fc.assert(
        fc.property(dangerous, fc.constantFrom("address", "user", "proxyJump"), (text, name) => {
            expect(way({ [name]: text })).toMatch(new RegExp(`^hosts\\.ssh\\.${name}: `));
        }),
    );
});

it.each<[object, string]>([
    [
        { identityFile: "-x" },
        "hosts.ssh.identityFile: is not a file name that the SSH client accepts; give the path of a private key, without quotes, backslashes and control characters",
    ],
    [{ identityFile: 'a"b' }, "hosts.ssh.identityFile: is not a file name that the SSH client accepts"],
    [{ hostKey: "AAAA" }, 'hosts.ssh.hostKey: is not a public host key; give one line like "ssh-ed25519 AAAA…"'],
    [
        { hostKey: "ssh-ed25519 AAAA\nssh-rsa BBBB" },
        "hosts.ssh.hostKey: has more than one line; give one key, preferably the ssh-ed25519 one",
    ],
    [{ port: 0 }, "hosts.ssh.port: is too small; choose 1 or more"],
    [
        { proxyJump: "a,,b" },
        'hosts.ssh.proxyJump: does not name a jump host; give [user@]host[:port], like "admin@gate.example.org"; several with commas',
    ],
])("%j is refused when it is known", (more, message) => {
    expect(way(more)).toContain(message);
});

it.each<[object]>([
    [{ address: "fe80::1%eth0" }],
    [{ address: "relay-1.example.org" }],
    [{ identityFile: "~/keys/my key" }],
    [{ proxyJump: "admin@gate:22,[2001:db8::1]" }],
    [{ instance: { id: "1" } }],
])("%j leads there", (more) => {
    expect(way(more)).toBe("");
});

it("what another resource supplies is let through until it is known", () => {
    const address = Promise.resolve("203.0.113.7");
    expect(validate(sshArgs, { address }, "hosts.ssh")).toMatchObject({
        address,
        user: "root",
        port: 22,
        packages: "install",
    });
});

it("a namespace is one name", () => {
    expect(validate(localArgs, { namespace: "try_1" }, "hosts.local")).toEqual({ namespace: "try_1" });
    expect(fault(() => validate(localArgs, { namespace: "../x" }, "hosts.local"))).toBe(
        "hosts.local.namespace: is not the name of a network namespace; give one that `ip netns list` prints",
    );
});

it.each<[object, string]>([
    [
        { region: "SFO3" },
        'hosts.digitalOcean.region: is not one of DigitalOcean\'s slugs; give one like "sfo3" or "ubuntu-24-04-x64"',
    ],
    [
        { tags: ["a b"] },
        "hosts.digitalOcean.tags[0]: is not a tag; use letters, digits, colons, dashes and underscores, 255 at most",
    ],
    [{ sshSources: [] }, "hosts.digitalOcean.sshSources: is too short; give at least 1 entry"],
    [{ sshSources: ["10.0.0.0"] }, "hosts.digitalOcean.sshSources[0]: "],
    [{ setup: { create: " " } }, "hosts.digitalOcean.setup.create: is empty; give a string, or remove it"],
])("a Droplet with %j is refused", (more, message) => {
    expect(fault(() => validate(digitalOceanArgs, more, "hosts.digitalOcean"))).toContain(message);
});
