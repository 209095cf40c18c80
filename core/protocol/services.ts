import { list, number, table, text } from "./table.js";

/**
 * What the relay's proxy serves, in `/etc/<name>/services`.
 *
 *     name    port    upstream          addresses
 *     wiki    8443    127.0.0.1:3000    10.8.0.1 fd42:7::1
 */
export const services = table("services", { name: text, port: number, upstream: text, addresses: list(" ") });

/**
 * What is still to be served, for the step `removals`.
 *
 *     name    port
 *     wiki    8443
 */
export const servedPorts = table("services", { name: text, port: number });
