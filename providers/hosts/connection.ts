import { HostError } from "../../core/errors.js";
import type { Connection } from "./connectionTypes.js";
import { describeHost, type HostDescriptor } from "./descriptors.js";
import { LocalConnection } from "./local.js";

/** One per host and process, shared by all calls. */
const open = new Map<string, Connection>();

export function connectionTo(host: HostDescriptor, credentials?: string): Connection {
    const key = JSON.stringify([host, credentials]);
    const connection = open.get(key) ?? connect(host, credentials);
    open.set(key, connection);
    return connection;
}

function connect(host: HostDescriptor, credentials?: string): Connection {
    if (host.kind === "local") return new LocalConnection(host);
    if (host.kind === "script") {
        throw new HostError(
            describeHost(host),
            "it has no remote access",
            "carry its script to it, and the receipt back",
        );
    }
    // Loaded when it is used: a relay on this machine needs no SSH.
    const { SshConnection } = require("./ssh.js") as typeof import("./ssh.js");
    return new SshConnection(host, credentials);
}
