import { valuesTable } from "./values.js";

/**
 * The addresses, MTU and routes of a relay's interfaces, in `/etc/<name>/network`. `subnet` is a network of the tunnel, `route` one
 * behind a peer, `behind` one behind the relay. `group` is their link group; a relay of 0.2.0 and before has none.
 *
 *     subnet 10.8.0.0/24
 *     address 10.8.0.1/24
 *     mtu 1420
 *     group 29047
 *     route 192.168.7.0/24
 *     behind 10.20.0.0/16
 */
export const network = valuesTable<"subnet" | "address" | "mtu" | "group" | "route" | "behind">("network", " ");

/**
 * What the kernel says of one interface, in the answer `network.<interface>`; of `forwarding` and `up`, 1 is yes.
 *
 *     address 10.8.0.1/24
 *     route 192.168.7.0/24
 *     forwarding 1
 *     rp_filter 2
 *     up 1
 *     mtu 1420
 *     group 29047
 */
export const liveNetwork = valuesTable<
    "address" | "route" | "forwarding" | "forwarding6" | "rp_filter" | "send_redirects" | "up" | "mtu" | "group"
>("network", " ");
