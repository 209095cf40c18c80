import { joinHostPort, parseAddress } from "../addresses/index.js";
import { InvalidArgument } from "../errors.js";
import type { Ports } from "../registry/model.js";

/**
 * One entry of a grant's `ports`: "tcp/22", "tcp/8000-8100", "udp/53", "icmp" or "all".
 *
 * One spelling per meaning: no leading zeros, no white space, lower case.
 */
export function parsePorts(text: string, subject: string): Ports {
    if (text === "icmp" || text === "all") {
        return { protocol: text };
    }
    const match = /^(tcp|udp)\/([0-9]+)(?:-([0-9]+))?$/.exec(text);
    if (match === null) {
        throw new InvalidArgument(subject, `"${text}" is not a port, a range or a protocol`, proposal(text));
    }
    const protocol = match[1] as "tcp" | "udp";
    const first = portNumber(match[2] as string, text, subject);
    const last = match[3] === undefined ? first : portNumber(match[3], text, subject);
    if (last < first) {
        throw new InvalidArgument(
            subject,
            `"${text}" has its ends in the wrong order`,
            `write "${protocol}/${last}-${first}"`,
        );
    }
    return { protocol, first, last };
}

/**
 * A moment in RFC 3339, returned in UTC: "2027-01-31T18:00:00+01:00" is "2027-01-31T17:00:00Z".
 *
 * The offset is mandatory, so an expiry does not depend on the time zone of the machine that runs the program.
 */
export function parseExpires(text: string, subject: string): string {
    const match = RFC3339.exec(text);
    if (match === null) {
        const fix = /^\d{4}-\d{2}-\d{2}$/.test(text)
            ? `add time and offset: "${text}T00:00:00Z"`
            : 'write one like "2027-01-31T18:00:00Z"';
        throw new InvalidArgument(subject, `"${text}" is not an RFC 3339 date and time with an offset`, fix);
    }
    const [, date, time] = match;
    // The date library carries 30 February over into March; a date that does not read back is no date.
    const local = new Date(`${date}T${time}Z`);
    const moment = new Date(`${date}T${time}${(match[3] as string).toUpperCase()}`);
    if (Number.isNaN(moment.getTime()) || local.toISOString().slice(0, 19) !== `${date}T${time}`) {
        throw new InvalidArgument(subject, `"${text}" does not exist in the calendar`, "use a valid date and time");
    }
    return `${moment.toISOString().slice(0, 19)}Z`;
}

/** Where peers reach the relay. An IPv6 host is without brackets. */
export interface Endpoint {
    host: string;
    port?: number;
}

/** "host" or "host:port", a name or an address; IPv6 with a port in brackets. */
export function parseEndpoint(text: string, subject: string): Endpoint {
    if (text.split(":").length > 2 && !text.startsWith("[")) {
        return { host: parseAddress(text, subject, 6) };
    }
    const match = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::([0-9]+))?$/.exec(text);
    if (match === null) {
        throw new InvalidArgument(
            subject,
            `"${text}" is not host or host:port`,
            'write one like "vpn.example.com:51820"',
        );
    }
    const host = match[1] === undefined ? hostName(match[2] as string, subject) : parseAddress(match[1], subject, 6);
    return match[3] === undefined ? { host } : { host, port: portNumber(match[3], text, subject) };
}

/** The same as text, in the one spelling that everything behind it works with. */
export function canonicalEndpoint(text: string, subject: string): string {
    const { host, port } = parseEndpoint(text, subject);
    return port === undefined ? host : joinHostPort(host, port);
}

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

function portNumber(digits: string, text: string, subject: string): number {
    const port = Number(digits);
    if (port < 1 || port > 65535 || String(port) !== digits) {
        throw new InvalidArgument(subject, `"${digits}" in "${text}" is not a port`, "choose one from 1 to 65535");
    }
    return port;
}

function proposal(text: string): string {
    if (/^[1-9][0-9]*(?:-[1-9][0-9]*)?$/.test(text)) {
        return `add the protocol: "tcp/${text}" or "udp/${text}"`;
    }
    const protocol = text.toLowerCase();
    if (protocol === "tcp" || protocol === "udp") {
        return `add the ports: "${protocol}/1-65535" for all of them`;
    }
    return 'write "tcp/22", "tcp/8000-8100", "udp/53", "icmp" or "all"';
}

function hostName(text: string, subject: string): string {
    if (/^[0-9.]+$/.test(text)) {
        return parseAddress(text, subject, 4);
    }
    const host = text.toLowerCase();
    const labels = host.replace(/\.$/, "").split(".");
    if (host.length > 253 || !labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))) {
        throw new InvalidArgument(subject, `"${text}" is not a host name`, 'write one like "vpn.example.com"');
    }
    return host;
}
