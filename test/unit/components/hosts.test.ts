import { hosts, InvalidArgument } from "../../../components/index.js";

const SSH = { address: "203.0.113.7", hostKey: "ssh-ed25519 AAAA" };

it.each<[string, Record<string, unknown>, string]>([
    ["a user that is an option", { user: "-oProxyCommand=touch /tmp/x" }, "hosts.ssh.user: is not a user name"],
    ["a port in a text", { port: "22;id" }, "hosts.ssh.port: is a string, not a number"],
    ["a port too large", { port: 99_999 }, "hosts.ssh.port: is too large"],
    [
        "an address with a line break",
        { address: "203.0.113.7\nx" },
        "hosts.ssh.address: is not a host name or an address",
    ],
    ["an address with a blank", { address: "203.0.113.7 x" }, "hosts.ssh.address: is not a host name or an address"],
    ["an address that is an option", { address: "-oProxyCommand=x" }, "hosts.ssh.address: is not a host name"],
    ["an empty address", { address: "" }, "hosts.ssh.address: is not a host name"],
    ["sudo in a text", { sudo: "no" }, "hosts.ssh.sudo: is a string, not true or false"],
    [
        "a word for packages",
        { packages: "instal" },
        'hosts.ssh.packages: is not an allowed value; choose "install" or "require"',
    ],
    ["an unknown option", { hostkey: "x" }, "hosts.ssh.hostkey: is not an argument"],
    [
        "a jump host that is an option",
        { proxyJump: "-oProxyCommand=x" },
        "hosts.ssh.proxyJump: does not name a jump host",
    ],
    [
        "a line of ssh-keyscan",
        { hostKey: "203.0.113.7 ssh-ed25519 AAAA" },
        "hosts.ssh.hostKey: is not a public host key; leave out the host name in front",
    ],
    ["two host keys", { hostKey: "ssh-ed25519 AAAA\nssh-rsa BBBB" }, "hosts.ssh.hostKey: has more than one line"],
    [
        "an identity file that is an option",
        { identityFile: "-x" },
        "hosts.ssh.identityFile: is not a file name that the SSH client accepts",
    ],
])("refuses %s", (_, changes, message) => {
    const make = () => hosts.ssh({ ...SSH, ...changes });
    expect(make).toThrow(InvalidArgument);
    expect(make).toThrow(message);
});

it.each(["../../x", "a/b", "", "-n", "a b"])("refuses %j as a namespace", (namespace) => {
    expect(() => hosts.local({ namespace })).toThrow("hosts.local.namespace: is not the name of a network namespace");
});

it.each([
    { address: "relay.example.org" },
    { address: "2001:db8::7" },
    { address: "my_alias" },
    { user: "DOMAIN\\admin" },
    { user: "admin@example.org" },
    { proxyJump: "gate.example.org" },
    { proxyJump: "admin@gate:2222,[2001:db8::1]:22" },
    { hostKey: "ssh-ed25519 AAAA root@relay\n" },
    { hostKey: "ecdsa-sha2-nistp256 AAAA=" },
])("takes %j", (changes) => {
    expect(() => hosts.ssh({ ...SSH, ...changes })).not.toThrow();
});
