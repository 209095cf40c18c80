import type { AdoptedRelay } from "./model.js";
import type { ProgramOptions } from "./program.js";

/** What to do, in order: a command each, with why. */
export function nextSteps(
    { interface: device, peers }: AdoptedRelay,
    { host, versions, packageManager }: ProgramOptions,
): { command: string; why: string }[] {
    const hostKey = host.kind === "ssh" && host.hostKey === undefined;
    return [
        { command: packageManager.install, why: fetching(versions["pulumi-qp-tunnel"] ?? "") },
        {
            command: "pulumi stack init prod",
            why: "or another name; the passphrase encrypts the secrets",
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
        { command: "pulumi preview", why: "must show no change of a key or an address" },
        {
            command: "pulumi up",
            why: `compares ${device} with the program and stops if anything would change; then adopts it without interrupting any peer`,
        },
        {
            command: `systemctl disable wg-quick@${device}; mv /etc/wireguard/${device}.conf /root/`,
            why: "on the relay; without --now, which would take the tunnel down. The relay's own units bring it up from then on",
        },
    ];
}

/** A file or a folder is on this machine alone. */
function fetching(dependency: string): string {
    const [, place] = /^file:(.*)$/.exec(dependency) ?? [];
    return place === undefined
        ? "fetches the library"
        : `fetches the library from ${place}; if that does not exist (a colleague's machine, CI), change it in package.json`;
}

/** The project's README. */
export function renderReadme(relay: AdoptedRelay, options: ProgramOptions): string {
    const steps = nextSteps(relay, options).map(({ command, why }) => `1. \`${command}\`\n   ${why}`);
    const open =
        options.grants === "open"
            ? "\n`grants` in `index.ts` lets all peers reach each other, as before. Narrow it: the preview shows which peers lose which access.\n"
            : "";
    return [
        `# ${options.name}\n`,
        `A WireGuard relay, adopted from ${options.source}.\n`,
        "## To do\n",
        `${steps.join("\n")}\n${open}`,
        "## Not carried over\n",
        relay.left.map((sentence) => `- ${sentence}\n`).join("") +
            "- peers can only ping the relay and use its services: anything else that listens there (SSH, a resolver) is closed to them\n" +
            "- the relay machine can no longer open connections to peers, except to the upstreams of its services: a reverse proxy or a backup job on it gets no answer from a peer\n" +
            "- connections from outside into the tunnel are blocked: ports that were forwarded to a peer are closed\n" +
            "\nSuch traffic needs a replacement: for peers an `ExposedService` with `upstream: { peer, port }`; for other clients, or for a job on the machine, make the client a peer of its own (a container, another machine), with a grant for the port.\n",
    ].join("\n");
}
