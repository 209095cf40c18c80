import child from "node:child_process";
import { once } from "node:events";
import {
    chmodSync,
    existsSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { connect as connectTo } from "node:net";
import os from "node:os";
import { join } from "node:path";

import type { SshHost } from "../../../../providers/hosts/descriptors.js";
import { SshConnection } from "../../../../providers/hosts/ssh.js";
import { serving } from "../../../lab/serving.js";

const HOST: SshHost = {
    kind: "ssh",
    address: "203.0.113.7",
    port: 22,
    user: "admin",
    hostKey: "ssh-ed25519 AAAA",
    sudo: false,
    packages: "install",
};

/**
 * In place of OpenSSH's client: runs the command that it is given here, with its input, and writes the log that it is given. With
 * `ControlMaster=yes` it makes the socket of a shared connection, which is gone with it.
 */
const CLIENT = `#!/bin/bash
here=$(dirname "$0")
while (($# > 0)); do
    case "$1" in
    -o)
        case "$2" in
        ControlPath=*) control=\${2#*=} ;;
        UserKnownHostsFile=*) known=\${2#*=} ;;
        ControlMaster=yes) master=1 ;;
        esac
        shift
        ;;
    -E) log=$2; shift ;;
    -p | -J) shift ;;
    -*) ;;
    *) words+=("$1") ;;
    esac
    shift
done
if [[ -f "$here/refusal" ]]; then cat "$here/refusal" >"$log"; exit 255; fi
echo "debug1: kex: algorithm: mlkem768x25519-sha256" >"$log"
[[ -s "$known" ]] || echo "relay ssh-ed25519 BBBB" >"$known"
if [[ -n "$master" ]]; then
    echo "session \${words[0]}" >>"$here/calls"
    [[ ! -e "$control" ]] || exit 1
    : >"$control"
elif [[ "$control" == none ]]; then
    echo fresh >>"$here/calls"
else
    echo upload >>"$here/calls"
fi
[[ -z "$SSH_AUTH_SOCK" ]] || ssh-add -l >"$here/keys" 2>&1
export SSH_CONNECTION="192.0.2.9 5 192.0.2.1 22"
sh -c "\${words[1]}"
code=$?
[[ -z "$master" ]] || rm -f "$control"
[[ ! -f "$here/end" ]] || { cat "$here/end" >>"$log"; exit 255; }
exit "$code"
`;

let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
    folder = mkdtempSync(join(os.tmpdir(), "qpssh-"));
    writeFileSync(join(folder, "ssh"), CLIENT);
    chmodSync(join(folder, "ssh"), 0o755);
    jest.spyOn(os, "tmpdir").mockReturnValue(folder);
    env = process.env;
    process.env = { ...env, PATH: `${folder}:${env["PATH"]}`, SSH_AUTH_SOCK: "" };
});

afterEach(() => {
    process.env = env;
    rmSync(folder, { recursive: true });
});

const calls = (): string[] => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
const refuse = (log: string): void => writeFileSync(join(folder, "refusal"), log);
/** The private folder of the only connection, by what is in it. */
const ours = (name = ""): string =>
    join(
        folder,
        readdirSync(folder).find((each) => each.startsWith("qp-tunnel-ssh-"))!,
        name,
    );
const connect = (host: SshHost = HOST, key?: string): SshConnection => new SshConnection(host, key, serving());
const run = (connection: SshConnection, script = "echo hello"): Promise<unknown> => connection.ask(script);
/** Ends the process that serves all requests of a session, as a reboot does. */
const CUT = "kill -KILL $PPID $(sed -n 's/^PPid:[[:space:]]*//p' /proc/$PPID/status)";

describe("a connection", () => {
    const done = { code: 0, stdout: "hello\n", stderr: "" };

    it("is opened by the first request and has one session for all, also those that come at the same time", async () => {
        const connection = connect();
        expect(await Promise.all([run(connection), run(connection)])).toEqual([done, done]);
        expect(await connection.ask("echo $QP_TUNNEL_CLIENT; echo no >&2; exit 3")).toEqual({
            code: 3,
            stdout: "192.0.2.9\n",
            stderr: "no\n",
        });
        expect(await run(connection)).toEqual(done);
        expect(calls()).toEqual(["session admin@203.0.113.7"]);
    });

    it("that breaks says the client's reason, and the next request opens another one", async () => {
        const connection = connect();
        await run(connection);
        writeFileSync(join(folder, "end"), "Timeout, server not responding.\n");
        await expect(run(connection, CUT)).rejects.toThrow(
            "admin@203.0.113.7: the connection broke (Timeout, server not responding.); apply again",
        );
        expect(await run(connection)).toEqual(done);
        expect(calls()).toEqual(["session admin@203.0.113.7", "session admin@203.0.113.7"]);
    });

    it("answers what waits for its turn over another session than one that broke", async () => {
        const connection = connect();
        writeFileSync(join(folder, "end"), "client_loop: send disconnect: Broken pipe\n");
        const [broken, next] = await Promise.allSettled([run(connection, CUT), run(connection)]);
        expect(broken).toMatchObject({ reason: { message: expect.stringContaining("Broken pipe") as string } });
        expect(next).toEqual({ status: "fulfilled", value: done });
    });

    it("that could not be opened is tried anew by the next request", async () => {
        const connection = connect();
        refuse("ssh: connect to host 203.0.113.7 port 22: Connection refused\n");
        await expect(run(connection)).rejects.toThrow(
            "admin@203.0.113.7: it cannot be reached (ssh: connect to host 203.0.113.7 port 22: Connection refused); check address, port and firewall, then apply again",
        );
        rmSync(join(folder, "refusal"));
        expect(await run(connection)).toMatchObject({ stdout: "hello\n" });
    });

    it("of its own for one request leaves the shared one alone", async () => {
        const connection = connect();
        expect(await connection.ask("echo hello", { newConnection: true })).toEqual(done);
        expect(calls()).toEqual(["fresh"]);
    });

    it("trusts the given host key alone, and says what was negotiated", async () => {
        const connection = connect({ ...HOST, hostKey: "ssh-ed25519 AAAA root@relay\n" });
        expect(readFileSync(ours("known_hosts"), "utf8")).toBe("relay ssh-ed25519 AAAA root@relay\n");
        expect(statSync(ours()).mode & 0o777).toBe(0o700);
        expect(connection.negotiated()).toBeUndefined();
        await run(connection);
        expect(connection.negotiated()).toEqual({ keyExchange: "mlkem768x25519-sha256", hostKey: "ssh-ed25519 AAAA" });
    });

    it("without a given host key says which one it saw first", async () => {
        const { hostKey: _, ...trusting } = HOST;
        const connection = connect({ ...trusting, trustOnFirstUse: true });
        await run(connection);
        expect(connection.negotiated()?.hostKey).toBe("ssh-ed25519 BBBB");
    });

    it("leaves no log behind of a call, however many there are", async () => {
        const connection = connect();
        await run(connection);
        const before = readdirSync(ours());
        await run(connection);
        await connection.ask("true", { newConnection: true });
        expect(readdirSync(ours())).toEqual(before);
    });

    it("is not made of values that would be options of the client", () => {
        const host = { ...HOST, address: "-oProxyCommand=touch /tmp/x" };
        expect(() => connect(host)).toThrow("hosts.ssh.address: is not a host name or an address");
    });
});

it("a file is put there whole, for its owner only", async () => {
    const path = join(folder, "uploaded");
    await connect().upload(path, Buffer.from([0, 255, 10, 0]));
    expect([...readFileSync(path)]).toEqual([0, 255, 10, 0]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
});

it("a file that cannot be put there is named with the reason", async () => {
    const path = join(folder, "none/uploaded");
    await expect(connect().upload(path, Buffer.from("x"))).rejects.toThrow(
        new RegExp(`^admin@203.0.113.7: ${path} cannot be written: tee: .*No such file.*; look at the machine's disk$`),
    );
});

it("a stream goes through the shared connection, with an IPv6 address in brackets", () => {
    const spawned = jest.spyOn(child, "spawn").mockImplementation(() => child.execFile("true"));
    const connection = connect();
    connection.stream("10.8.0.1", 8443).destroy();
    connection.stream("fd00::1", 8443).destroy();
    const [four, six] = spawned.mock.calls.map(([, args]) => args as string[]);
    expect(four?.slice(-3)).toEqual(["-W", "10.8.0.1:8443", "admin@203.0.113.7"]);
    expect(six?.slice(-3)).toEqual(["-W", "[fd00::1]:8443", "admin@203.0.113.7"]);
    expect(four).toContain(`ControlPath=${ours("control")}`);
});

it("without a client the error says what to install", async () => {
    const connection = connect();
    process.env = { ...env, PATH: join(folder, "nothing") };
    await expect(run(connection)).rejects.toThrow(
        /^this machine: ssh cannot be run \((Error: )?spawn ssh ENOENT\); install the OpenSSH client$/,
    );
});

describe("a private key", () => {
    let key: string;
    let fingerprint: string;

    beforeEach(() => {
        const file = join(folder, "id");
        child.execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
        key = readFileSync(file, "utf8");
        fingerprint = child.execFileSync("ssh-keygen", ["-lf", file], { encoding: "utf8" }).split(" ")[1]!;
        rmSync(file);
    });

    it.each<[string, (text: string) => string]>([
        ["as it is", (text) => text],
        ["without its last line break", (text) => text.trimEnd()],
        ["with line breaks of Windows", (text) => text.replaceAll("\n", "\r\n")],
    ])("%s goes to an agent of its own, and into no file", async (_, given) => {
        await run(connect(HOST, given(key)));
        expect(readFileSync(join(folder, "keys"), "utf8")).toContain(fingerprint);
        for (const name of readdirSync(ours()).filter((each) => !["agent", "control"].includes(each)))
            expect(readFileSync(ours(name), "utf8")).not.toContain("PRIVATE KEY");
    });

    it("is in no agent any more once the process that had it was killed", async () => {
        const program = child.spawn(process.execPath, [join(__dirname, "../../../lab/programs/sshAgent.js")], {
            env: { ...process.env, TMPDIR: folder },
            stdio: ["pipe", "pipe", "inherit"],
        });
        program.stdin.end(JSON.stringify({ host: HOST, key }));
        await once(program.stdout, "data");
        expect(readFileSync(join(folder, "keys"), "utf8")).toContain(fingerprint);
        const agent = connectTo(ours("agent"));
        await once(agent, "connect");
        // It may end by a reset, which is as good.
        agent.on("error", () => undefined);
        const closed = new Promise((resolve) => agent.once("close", resolve));
        program.kill("SIGKILL");
        await closed;
    });

    it("that OpenSSH does not read is refused, and not printed", async () => {
        const secret = "not a key but a secret";
        await expect(run(connect(HOST, secret))).rejects.toThrow(
            /^admin@203\.0\.113\.7: the given privateKey is not one that OpenSSH reads; give an unencrypted private key in OpenSSH or PEM format$/,
        );
    });
});

describe("an identity file", () => {
    const connecting = (identityFile: string): Promise<unknown> => run(connect({ ...HOST, identityFile }));

    it("that does not exist is named: the client would leave it out without a word", async () => {
        await expect(connecting("/nowhere/id")).rejects.toThrow(
            "admin@203.0.113.7: identityFile /nowhere/id does not exist, or this user cannot read it; give the file of a private key",
        );
        expect(existsSync(join(folder, "calls"))).toBe(false);
    });

    it("may be the public half alone, and below the home directory", async () => {
        jest.spyOn(os, "homedir").mockReturnValue(folder);
        writeFileSync(join(folder, "hardware.pub"), "ssh-ed25519 AAAA\n");
        expect(await connecting("~/hardware")).toMatchObject({ stdout: "hello\n" });
    });
});
