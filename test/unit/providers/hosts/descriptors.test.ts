import {
    describeHost,
    hostKeyOf,
    isOtherInstance,
    isSameMachine,
    type SshHost,
} from "../../../../providers/hosts/descriptors.js";
import { UNKNOWN } from "../../../../providers/resources/resource.js";

const host: SshHost = { kind: "ssh", address: "203.0.113.5", port: 22, user: "root", sudo: false, packages: "install" };
const unknown = { ...host, address: UNKNOWN as unknown as string };
const droplet = (id: unknown): SshHost => ({ ...host, instance: { provider: "digitalocean", id: id as string } });

describe("a host whose address is not known yet", () => {
    it("is called so", () => {
        expect(describeHost(unknown)).toBe("a machine that does not exist yet");
        expect(hostKeyOf(unknown)).toBe("(not known yet)");
        expect(hostKeyOf({ ...unknown, port: 2222 })).toBe("(not known yet):2222");
    });

    it("is not the machine that there was", () => {
        expect(isSameMachine(host, unknown)).toBe(false);
        expect(isSameMachine(host, { ...host, user: "admin" })).toBe(true);
    });
});

it("is the same machine under another address", () => {
    const [first, second] = [droplet("1"), { ...droplet("1"), address: "203.0.113.200" }];
    expect(isSameMachine(first, second)).toBe(true);
    expect(isSameMachine(first, { ...second, instance: { provider: "digitalocean", id: "2" } })).toBe(false);
});

it.each<[SshHost, SshHost, boolean]>([
    [droplet("1"), droplet("1"), false],
    [droplet("1"), droplet("2"), true],
    [droplet("1"), droplet(UNKNOWN), true],
    [host, host, false],
])("tells machines apart that one address leads to, %#", (a, b, other) => {
    expect(isSameMachine(a, b)).toBe(true);
    expect(isOtherInstance(a, b)).toBe(other);
});
