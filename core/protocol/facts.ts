import { optional, table, text } from "./table.js";
import { valuesTable } from "./values.js";

/**
 * What is true of a machine before anything on it is changed. `mark` (the id of a resource that made the relay), `address` and
 * `route` repeat.
 *
 *     machine       4c4c4544
 *     generation    7
 *     mark          7f3a
 *     address       eth0 192.0.2.7/24
 *     route         default eth0 192.0.2.1
 */
export const facts = valuesTable<
    | "machine"
    | "generation"
    | "auditMark"
    | "client"
    | "rolledBack"
    | "cutOff"
    | "owner"
    | "relayId"
    | "mark"
    | "address"
    | "route"
>("facts");

/** A value of `address`. */
export const addressFacts = table("facts", { device: text, address: text }, " ");

/** A value of `route`; without `via` the network is on the link. */
export const routeFacts = table("facts", { destination: text, device: text, via: optional(text, "") }, " ");

/**
 * What a relay's machine is, and what runs there.
 *
 *     machine       4c4c4544
 *     wireguard     kernel
 *     supervisor    systemd
 */
export const hostValues = valuesTable<
    "machine" | "address" | "wireguard" | "supervisor" | "wg" | "nft" | "kernel" | "caddy"
>("host");

/**
 * How a relay is; `table` and `proxy` are 1 or 0.
 *
 *     time          1767225600
 *     generation    7
 *     table         1
 */
export const statusValues = valuesTable<"time" | "generation" | "rolledBack" | "pending" | "table" | "proxy">("status");

/**
 * The id of the resource that made each part of a relay.
 *
 *     host        7f3a
 *     firewall    91bc
 */
export const marks = valuesTable<"host" | "firewall" | "wireguard" | "proxy" | "grants">("marks");

/**
 * Which Caddy is on the machine: `sha256` is of the one that was pushed there, `installed` the version of the machine's own.
 *
 *     architecture    x86_64
 *     sha256          9f86d0…0a08
 */
export const caddyValues = valuesTable<"architecture" | "sha256" | "installed">("caddy");

/**
 * Who else brings up an interface of the relay's name: files, units and services of others.
 *
 *     file    /etc/wireguard/wg0.conf
 *     unit    wg-quick@wg0
 */
export const former = valuesTable<"saved" | "file" | "unit" | "service" | "network">("former");
