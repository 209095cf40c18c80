import { CLIENT_FORMATS } from "../../../../../core/client/formats/index.js";
import { full, files } from "./clients.js";

/** Every address that a file puts on an interface, as it is written there. */
const ADDRESSES: Record<string, RegExp> = {
    "wg-quick": /^Address = (.*)$/gm,
    networkd: /^Address=(.*)$/gm,
    nixos: /^ *address = \[ (.*) \];$/gm,
    routeros: /^\/ipv?6?\/address\/add address=(\S+)/gm,
};

it.each(Object.keys(CLIENT_FORMATS))(
    "%s: its own addresses alone, each with its prefix length, whatever it reaches",
    (format) => {
        const allowedIps = [...full.allowedIps, "192.168.7.0/24", "2001:db8:7::/64"];
        const text = Object.values(files(format, { ...full, allowedIps })).join("\n");
        const written = [...text.matchAll(ADDRESSES[format]!)].flatMap(([, list]) =>
            list!.replaceAll('"', "").split(/,? /),
        );
        expect(written).toEqual(["10.8.0.2/32", "fd00:8::2/128"]);
        for (const network of allowedIps) expect(text).toContain(network);
    },
);
