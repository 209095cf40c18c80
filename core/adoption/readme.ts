import type { AdoptedRelay } from "./model.js";
import type { ProgramOptions } from "./program.js";

/** What to do, in order: a command each, with why. */
export function nextSteps(
    { interface: device, peers }: AdoptedRelay,
    { host, versions }: ProgramOptions,
): { command: string; why: string }[] {
    const hostKey = host.kind === "ssh" && host.hostKey === undefined;
    return [
        { command: "npm install", why: fetching(versions["pulumi-qp-tunnel"] ?? "") },
        {
            command: "pulumi stack init prod",
            why: "or another name; it asks for a passphrase, which encrypts the secrets",
        },
        ...(hostKey
            ? [
                  {
                      command: 'pulumi config set hostKey "ssh-ed25519 AAAA…"',
                      why: "the machine's /etc/ssh/ssh_host_ed25519_key.pub",
                  },
              ]
            : []),
        ...(peers.some(({ preshared }) => preshared)
            ? [
                  {
                      command:
                          "pulumi config set --secret presharedKeys < preshared-keys.json && rm preshared-keys.json",
                      why: "the preshared keys become a secret of the stack",
                  },
              ]
            : []),
        { command: "pulumi preview", why: "has to name no change of a key or an address" },
        {
            command: "pulumi up",
            why: `compares ${device} with the program and stops before any change where it would not stay as it is; then takes it over, and nobody is interrupted`,
        },
        {
            command: `systemctl disable wg-quick@${device}; mv /etc/wireguard/${device}.conf /root/`,
            why: "on the relay; without --now, which would take the tunnel down. Its own units bring it up from here on",
        },
    ];
}

/** A file or a folder is on this machine alone. */
function fetching(dependency: string): string {
    const [, place] = /^file:(.*)$/.exec(dependency) ?? [];
    return place === undefined
        ? "fetches the library"
        : `fetches the library from ${place}; where that is not there (a colleague's machine, CI), package.json has to name another place`;
}

/** The project's README. */
export function renderReadme(relay: AdoptedRelay, options: ProgramOptions): string {
    const steps = nextSteps(relay, options).map(({ command, why }) => `1. \`${command}\`\n   ${why}`);
    const open =
        options.grants === "open"
            ? "\n`grants` in `index.ts` lets everybody reach everybody, as it was. Narrow it: the preview says who loses what.\n"
            : "";
    return [
        `# ${options.name}\n`,
        `A WireGuard relay, taken over from ${options.source}.\n`,
        "## To do\n",
        `${steps.join("\n")}\n${open}`,
        "## What is not carried over\n",
        relay.left.map((sentence) => `- ${sentence}\n`).join("") +
            "- peers reach the relay itself by ping and by its services only: what else listens there (SSH, a resolver) is closed to them\n" +
            "- the relay machine opens no connection to a peer any more, but for the upstreams of its services: a reverse proxy or a backup job on it that asks a peer gets no answer\n" +
            "- nobody outside opens a connection into the tunnel: ports that were forwarded to a peer are closed\n" +
            "\nWhat took these ways needs another one: for peers an `ExposedService` with `upstream: { peer, port }`; for everybody else, or for a job of the machine, let whatever asks be a peer of its own (a container, another machine), with a grant for the port.\n",
    ].join("\n");
}
