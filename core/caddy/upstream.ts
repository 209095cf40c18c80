import { overlaps, parseAddress, unroutable } from "../addresses/index.js";
import { InvalidArgument } from "../errors.js";

/** Where the proxy connects to. An IPv6 host is without brackets. */
export interface Upstream {
    host: string;
    port: number;
}

/**
 * "host:port" of an upstream; IPv6 in brackets. A name is lowered, an address made canonical.
 *
 * @throws InvalidArgument for link-local, cloud metadata, unspecified, multicast and reserved hosts, and for spellings
 * of an address that resolvers read differently ("0xa9fea9fe", "2852039166")
 */
export function parseUpstream(text: string, subject: string): Upstream {
    const match = /^(?:\[(?<six>[^\]]*)\]|(?<host>[^:[\]]+)):(?<port>[0-9]{1,5})$/.exec(text);
    if (match?.groups === undefined) {
        const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(text) ?? [];
        if (scheme !== undefined) throw notAUrl(text, subject, scheme.toLowerCase(), rest);
        const fix =
            text.split(":").length > 2
                ? 'put an IPv6 address in brackets: "[fd12::1]:3000"'
                : 'write one like "127.0.0.1:3000"';
        throw new InvalidArgument(subject, `"${text}" is not host:port`, fix);
    }
    const port = Number(match.groups.port);
    if (port < 1 || port > 65535 || String(port) !== match.groups.port) {
        throw new InvalidArgument(subject, `"${match.groups.port}" is not a port`, "choose one from 1 to 65535");
    }
    if (match.groups.six !== undefined) {
        return { host: checkAddress(parseAddress(match.groups.six, subject, 6), subject), port };
    }
    const host = (match.groups.host ?? "").toLowerCase();
    if (/^[0-9.]+$/.test(host)) {
        return { host: checkAddress(parseAddress(host, subject, 4), subject), port };
    }
    return { host: checkHostName(host, subject), port };
}

/** The proxy ends TLS itself and speaks plain HTTP behind it. */
function notAUrl(text: string, subject: string, scheme: string, authority: string): InvalidArgument {
    const address = /:\d+$/.test(authority) ? authority : `${authority}:80`;
    const fix =
        scheme === "https"
            ? "give host:port of a plain HTTP port; if there is none, remove the service and grant its port to peers, so that TLS ends there"
            : `use only host and port: "${address}"`;
    return new InvalidArgument(
        subject,
        `"${text}" is a URL, but the proxy needs host:port and connects with plain HTTP`,
        fix,
    );
}

/** Addresses at which clouds hand out credentials, outside the link-local network. */
const METADATA = ["168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254"];
const METADATA_NAMES = ["metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"];

const LOOPBACK = ["127.0.0.0/8", "::1/128"];

/** Networks whose addresses carry an IPv4 address inside (RFC 6052, RFC 8215, RFC 3056), so hide where they lead. */
const TRANSLATED = ["64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"];

function checkAddress(address: string, subject: string): string {
    if (METADATA.includes(address)) {
        throw new InvalidArgument(subject, `"${address}" is a cloud's metadata address`, ELSEWHERE);
    }
    if (TRANSLATED.some((network) => overlaps(network, address))) {
        throw new InvalidArgument(subject, `"${address}" is an IPv4-mapped IPv6 address`, "write the IPv4 address");
    }
    // Services on the relay itself are what a loopback upstream is for.
    const bad = LOOPBACK.some((network) => overlaps(network, address)) ? undefined : unroutable(address);
    if (bad !== undefined) {
        throw new InvalidArgument(subject, `"${address}" is in ${bad}`, ELSEWHERE);
    }
    return address;
}

function checkHostName(host: string, subject: string): string {
    if (METADATA_NAMES.includes(host.replace(/\.$/, ""))) {
        throw new InvalidArgument(subject, `"${host}" is a cloud's metadata service`, ELSEWHERE);
    }
    const labels = host.replace(/\.$/, "").split(".");
    if (host.length > 253 || !labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))) {
        throw new InvalidArgument(subject, `"${host}" is not a host name`, 'write one like "grafana.lan:3000"');
    }
    // Some resolvers read these as an IPv4 address in another notation.
    if (/^(?:[0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "")) {
        throw new InvalidArgument(
            subject,
            `"${host}" ends in a number`,
            "write an IPv4 address as four decimal numbers",
        );
    }
    return host;
}

const ELSEWHERE = "use the host that the service really runs on";
