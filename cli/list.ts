import { Exit, type Output, printJson } from "./output.js";
import { chosenRelays, relaysOf, type StackRelay } from "./relays.js";
import { readStack, type StateOptions } from "./state.js";
import { table, widthOf, type Column } from "./table.js";

interface ListOptions extends StateOptions {
    relay?: string;
    json?: boolean;
}

/** `qp-tunnel list`: the peers and services in the stack's state; no relay is contacted. */
export async function list(options: ListOptions, output: Output): Promise<number> {
    const relays = chosenRelays(relaysOf(await readStack(options)), options.relay).map(listed);
    if (options.json === true) printJson(output, { relays });
    else output.stdout.write(relays.map((relay) => listText(relay, widthOf(output))).join("\n"));
    return Exit.fine;
}

function listed({ name, known, target }: StackRelay) {
    return {
        relay: name,
        host: known.host,
        interface: target.names.interface,
        peers: Object.entries(known.peers).map(([peer, { listed: active, ...rest }]) => ({
            name: peer,
            status: active ? ("active" as const) : ("revoked" as const),
            ...rest,
        })),
        services: Object.entries(known.services).map(([service, { url, addressUrl }]) => ({
            name: service,
            url,
            addressUrl,
        })),
    };
}

const PEERS: Column[] = [
    { heading: "PEER" },
    { heading: "ADDRESS" },
    { heading: "STATUS" },
    { heading: "SINCE" },
    { heading: "UNTIL" },
    { heading: "PUBLIC KEY", below: 1 },
];

function listText({ relay, host, peers, services }: ReturnType<typeof listed>, width: number): string {
    const rows = peers.map(({ name, addresses, status, since = "", revokedAt, expires, publicKey }) => [
        ...[name, addresses.join(" "), status],
        ...[since.slice(0, 10), (revokedAt ?? expires ?? "").slice(0, 10), publicKey],
    ]);
    const tables = [
        ...(peers.length === 0 ? [] : [table(PEERS, rows, width)]),
        ...(services.length === 0
            ? []
            : [
                  table(
                      [{ heading: "SERVICE" }, { heading: "URL" }],
                      services.map(({ name, url }) => [name, url]),
                      width,
                  ),
              ]),
    ];
    return [`${relay}  ${host}\n`, ...tables].join("\n");
}
