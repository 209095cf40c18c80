import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { SshHost } from "../../../../providers/hosts/descriptors.js";
import { sshOptions, type Use } from "../../../../providers/hosts/sshOptions.js";

let folder: string;
beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-options-"));
    writeFileSync(join(folder, "hostile"), HOSTILE);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A user's configuration that would change what is trusted, executed, asked or printed. */
const HOSTILE = `
NoSuchOption yes
Host *
    KnownHostsCommand /bin/echo relay ssh-ed25519 AAAA
    UserKnownHostsFile /home/somebody/.ssh/known_hosts
    GlobalKnownHostsFile /etc/ssh/other
    HostKeyAlias other
    StrictHostKeyChecking no
    VerifyHostKeyDNS yes
    NoHostAuthenticationForLocalhost yes
    CheckHostIP yes
    UpdateHostKeys yes
    RemoteCommand tmux attach
    RequestTTY force
    SessionType none
    StdinNull yes
    ForkAfterAuthentication yes
    PermitLocalCommand yes
    LocalCommand touch /tmp/never
    LocalForward 127.0.0.1:9 127.0.0.1:9
    RemoteForward 9 127.0.0.1:9
    DynamicForward 9
    ForwardAgent yes
    ForwardX11 yes
    Tunnel yes
    AddKeysToAgent yes
    BatchMode no
    VisualHostKey yes
    ControlMaster yes
    ControlPath ~/.ssh/%C
    ControlPersist yes
    ConnectTimeout 1
    ConnectionAttempts 9
    ServerAliveInterval 0
    IdentityAgent /nowhere
    IdentitiesOnly yes
`;

const host: SshHost = {
    kind: "ssh",
    address: "203.0.113.7",
    port: 2222,
    user: "admin",
    hostKey: "ssh-ed25519 AAAA",
    sudo: true,
    packages: "require",
};

/** What the client makes of our options in front of that configuration. */
function effective(use: Use, ownAgent = false, changes: Partial<SshHost> = {}): Record<string, string[]> {
    const options = sshOptions({ ...host, ...changes }, folder, use, ownAgent);
    const args = ["-G", "-F", join(folder, "hostile"), ...options, "admin@203.0.113.7"];
    const found: Record<string, string[]> = {};
    for (const line of execFileSync("ssh", args, { encoding: "utf8" }).trim().split("\n")) {
        const [name = "", ...value] = line.split(" ");
        (found[name] ??= []).push(value.join(" "));
    }
    return found;
}

const OURS = {
    hostkeyalias: ["relay"],
    knownhostscommand: undefined,
    globalknownhostsfile: ["/dev/null"],
    stricthostkeychecking: ["true"],
    verifyhostkeydns: ["false"],
    nohostauthenticationforlocalhost: ["no"],
    checkhostip: ["no"],
    updatehostkeys: ["false"],
    remotecommand: undefined,
    requesttty: ["false"],
    permitlocalcommand: ["no"],
    localforward: undefined,
    remoteforward: undefined,
    dynamicforward: undefined,
    forwardagent: ["no"],
    forwardx11: ["no"],
    tunnel: ["false"],
    addkeystoagent: ["false"],
    batchmode: ["yes"],
    visualhostkey: ["no"],
    connecttimeout: ["15"],
    connectionattempts: ["1"],
    controlpersist: ["no"],
    serveraliveinterval: ["5"],
    port: ["2222"],
};

it.each<[Use, Record<string, string[] | undefined>]>([
    [
        "session",
        { controlmaster: ["true"], sessiontype: ["default"], stdinnull: ["no"], forkafterauthentication: ["no"] },
    ],
    ["upload", { controlmaster: ["false"], sessiontype: ["default"], stdinnull: ["no"] }],
    ["fresh", { controlmaster: ["false"], controlpath: undefined, sessiontype: ["default"] }],
])("leave a user's configuration nothing to decide that matters, for %s", (use, more) => {
    const found = effective(use);
    const expected = { ...OURS, ...more, userknownhostsfile: [join(folder, "known_hosts")] };
    const seen = Object.fromEntries(Object.keys(expected).map((name) => [name, normal(found[name])]));
    expect(seen).toEqual(Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, normal(value)])));
});

/** Newer clients print `no` and `none` where older ones print `false` and nothing. */
function normal(value: string[] | undefined): string[] | undefined {
    const words: Record<string, string> = { false: "no", true: "yes" };
    const all = value?.map((one) => words[one] ?? one).filter((one) => one !== "none");
    return all === undefined || all.length === 0 ? undefined : all;
}

it("offer the keys of our own agent, and no others, when the program gives a private key", () => {
    expect(effective("session", true)).toMatchObject({ identityagent: ["SSH_AUTH_SOCK"], identitiesonly: ["no"] });
    expect(normal(effective("session", true)["identityfile"])).toBeUndefined();
});

it("name the identity file as it is, also where the client would expand a token", () => {
    expect(effective("session", false, { identityFile: "/keys/50%user/id" })).toMatchObject({
        identityfile: ["/keys/50%%user/id"],
        identitiesonly: ["yes"],
    });
});

it("accept a first key only where the program says so", () => {
    const { hostKey: _, ...unpinned } = host;
    const options = sshOptions({ ...unpinned, trustOnFirstUse: true }, folder, "session", false);
    expect(options).toContain("StrictHostKeyChecking=accept-new");
    expect(sshOptions({ ...host, trustOnFirstUse: true }, folder, "session", false)).toContain(
        "StrictHostKeyChecking=yes",
    );
});
