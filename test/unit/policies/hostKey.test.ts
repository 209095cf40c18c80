import { hostKey } from "../../../policies/hostKey.js";
import { analyzed, saidOf, withUnknown } from "./analyzed.js";

const said = (host: object, more = {}): string[] => saidOf(hostKey, analyzed("Host", { host, ...more }), {});
const ssh = { kind: "ssh", address: "192.0.2.1" };

test("a pinned key is accepted, also one that a preview does not know yet", () => {
    expect(said({ ...ssh, hostKey: "ssh-ed25519 AAAA" })).toEqual([]);
    expect(said(withUnknown(ssh, "hostKey"))).toEqual([]);
});

test("machines that SSH does not reach are accepted", () => {
    expect(said({ kind: "local", namespace: "try" })).toEqual([]);
    expect(said({ kind: "script", path: "relay.sh" })).toEqual([]);
});

test("a key that is not pinned is refused, on relays and on managed peers", () => {
    expect(said(ssh)).toEqual([
        "relay office: the SSH host key of its machine is not pinned; set hostKey in hosts.ssh",
    ]);
    expect(said(ssh, { role: "leaf", relay: "office/nas" })).toEqual([
        "managed peer nas of relay office: the SSH host key of its machine is not pinned; set hostKey in hosts.ssh",
    ]);
});

test("trustOnFirstUse is refused", () => {
    expect(said({ ...ssh, trustOnFirstUse: true })).toEqual([
        "relay office: trustOnFirstUse accepts any host key on the first connection; remove it and set hostKey",
    ]);
    expect(said({ ...ssh, trustOnFirstUse: false, hostKey: "ssh-ed25519 AAAA" })).toEqual([]);
});
