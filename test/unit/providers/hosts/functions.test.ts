import { InvalidArgument } from "../../../../core/errors.js";
import { digitalOcean, local, ssh, type SshOptions } from "../../../../providers/hosts/functions.js";

const SSH: SshOptions = { address: "203.0.113.7", hostKey: "ssh-ed25519 AAAA" };
const SETUP = { create: "apt-get update", delete: "true" };

it("this machine, or a namespace of it", () => {
    expect(local()).toEqual({ descriptor: { kind: "local" } });
    expect(local({ namespace: "try", setup: SETUP })).toEqual({
        descriptor: { kind: "local", namespace: "try" },
        setup: SETUP,
    });
});

describe("a machine over SSH", () => {
    it("is root's, on port 22, and gets missing packages, unless the program says otherwise", () => {
        expect(ssh(SSH)).toEqual({
            descriptor: {
                ...{ kind: "ssh", address: "203.0.113.7", port: 22, user: "root", sudo: false },
                ...{ packages: "install", hostKey: "ssh-ed25519 AAAA" },
            },
        });
        const all: SshOptions = {
            ...{ ...SSH, user: "admin", port: 2222, identityFile: "/id", proxyJump: "gate" },
            ...{ packages: "require", trustOnFirstUse: false },
        };
        expect(ssh(all).descriptor).toMatchObject({
            ...{ user: "admin", port: 2222, identityFile: "/id", proxyJump: "gate" },
            ...{ packages: "require", trustOnFirstUse: false, sudo: true },
        });
    });

    it("becomes root with sudo when the user is not root, or as the program says", () => {
        expect(ssh({ ...SSH, user: "admin", sudo: false }).descriptor).toMatchObject({ sudo: false });
        expect(ssh({ ...SSH, sudo: true }).descriptor).toMatchObject({ sudo: true });
    });

    it("keeps a private key apart from what describes it", () => {
        const { descriptor, credentials } = ssh({ ...SSH, privateKey: "a secret" });
        expect(credentials).toBe("a secret");
        expect(JSON.stringify(descriptor)).not.toContain("a secret");
    });

    it("without a host key is refused, unless the first one is to be trusted", () => {
        expect(() => ssh({ address: "203.0.113.7" })).toThrow(
            "hosts.ssh.hostKey: is missing, and without it a man in the middle could impersonate the relay; give the machine's public host key (/etc/ssh/ssh_host_ed25519_key.pub), or set trustOnFirstUse: true",
        );
        expect(() => ssh({ address: "203.0.113.7", trustOnFirstUse: false })).toThrow(InvalidArgument);
        expect(ssh({ address: "203.0.113.7", trustOnFirstUse: true }).descriptor).toMatchObject({
            trustOnFirstUse: true,
        });
    });

    it.each<[SshOptions, string]>([
        [
            { address: "203.0.113.7", trustOnFirstUse: true, privateKey: "a secret" },
            "hosts.ssh.setup: does not run on a machine whose host key is not known; give hostKey",
        ],
        [SSH, "hosts.ssh.setup: cannot use the agent or an identityFile; give privateKey, a secret"],
        [
            { ...SSH, privateKey: "a secret", proxyJump: "gate" },
            "hosts.ssh.setup: cannot go through proxyJump; run the script in another way, or connect directly",
        ],
    ])("has scripts run on it only where that is safe (%#)", (options, message) => {
        expect(() => ssh({ ...options, setup: SETUP })).toThrow(message);
        expect(() => ssh(options)).not.toThrow();
    });

    it("has scripts run on it with a key of both sides", () => {
        expect(ssh({ ...SSH, privateKey: "a secret", setup: SETUP }).setup).toEqual(SETUP);
    });
});

it("a Droplet is of the smallest size, open to SSH from anywhere, unless the program says otherwise", () => {
    expect(digitalOcean()).toEqual({
        descriptor: {
            ...{ kind: "digitalocean", region: "sfo3", size: "s-1vcpu-512mb-10gb", image: "ubuntu-24-04-x64" },
            ...{ sshKeys: [], sshSources: ["0.0.0.0/0", "::/0"], reservedIp: false, tags: [] },
        },
    });
    expect(digitalOcean({ region: "fra1", reservedIp: true, setup: SETUP })).toMatchObject({
        descriptor: { region: "fra1", reservedIp: true },
        setup: SETUP,
    });
    expect(digitalOcean({ setup: SETUP }).descriptor).not.toHaveProperty("setup");
});
