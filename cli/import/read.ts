import { existsSync, readdirSync, readFileSync, statSync, type Stats } from "node:fs";
import { basename, join, resolve } from "node:path";

import { checkAdoption } from "../../core/adoption/check.js";
import { fromOriginal } from "../../core/adoption/fromOriginal.js";
import { fromQuickFile } from "../../core/adoption/fromQuick.js";
import { privateKeyIn } from "../../core/adoption/keyFile.js";
import type { Adoption } from "../../core/adoption/model.js";
import { InvalidArgument } from "../../core/errors.js";
import { publicKeyOf } from "../../core/keys/index.js";
import { checkInterface } from "../../core/names.js";
import { liveRelay, type Place } from "./live.js";

interface ReadOptions {
    interface?: string;
    endpoint?: string;
    /** The relay is on this machine, so its interface can be read. */
    here?: Pick<Place, "namespace">;
}

/**
 * @param path of a wg-quick file, a folder with one, or the state directory of the original shell tool
 * @throws InvalidArgument when it does not exist, cannot be read, or is neither
 */
export function readAdoption(path: string, options: ReadOptions): Adoption {
    const adoption = read(path, options);
    checkAdoption(adoption.relay, basename(resolve(path)));
    return adoption;
}

function read(path: string, options: ReadOptions): Adoption {
    const stats = statsOf(path);
    if (stats.isFile()) return readQuickFile(path, options);
    if (!stats.isDirectory())
        throw new InvalidArgument(path, "is not a regular file", "give a wg-quick file, or a folder with one");
    const names = namesIn(path);
    if (names.includes("peers.json")) return readOriginal(path, options);
    const files = names.filter((name) => name.endsWith(".conf"));
    const [file] = files;
    if (file === undefined || files.length > 1) {
        throw new InvalidArgument(
            path,
            file === undefined
                ? "contains neither peers.json nor a .conf file"
                : `contains ${files.length} .conf files`,
            "give the relay's file",
        );
    }
    return readQuickFile(join(path, file), options);
}

function namesIn(folder: string): string[] {
    try {
        return readdirSync(folder);
    } catch (cause) {
        throw unreadable(folder, cause);
    }
}

function statsOf(path: string): Stats {
    try {
        return statSync(path);
    } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ENOTDIR") {
            const fix = "give a wg-quick file, or the state directory of the shell tool";
            throw new InvalidArgument(path, "does not exist", fix, { cause });
        }
        throw unreadable(path, cause);
    }
}

function unreadable(path: string, cause: unknown): Error {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EPERM") return cause as Error;
    const fix = "run as the user that owns it (root, for /etc/wireguard), or give a copy that you own";
    return new InvalidArgument(path, `cannot be read: ${message}`, fix, { cause });
}

function textOf(path: string): string {
    try {
        return readFileSync(path, "utf8");
    } catch (cause) {
        throw unreadable(path, cause);
    }
}

/** undefined only when the file does not exist; an unreadable file is an error. */
function textIfThere(path: string): string | undefined {
    try {
        return readFileSync(path, "utf8");
    } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ENOTDIR") return undefined;
        throw unreadable(path, cause);
    }
}

function readQuickFile(path: string, options: ReadOptions): Adoption {
    const device = checkInterface(options.interface ?? basename(path).replace(/\.conf$/, ""), "--interface");
    const live = options.here === undefined ? undefined : liveRelay({ ...options.here, device });
    const adoption = fromQuickFile(textOf(path), {
        subject: basename(path),
        path: resolve(path),
        interface: device,
        endpoint: options.endpoint,
        ...(live === "unreadable" ? {} : { live }),
        read: (file) => (isSmallFile(file) ? textOf(file) : undefined),
    });
    if (live === "unreadable")
        adoption.relay.left.push(
            `${device} is on this machine and could not be read (\`wg show\` needs root): only the file was read, and the first \`up\` reports the differences of ${device}`,
        );
    return adoption;
}

/** A path in a hook may be a program, a device or a folder. */
function isSmallFile(file: string): boolean {
    try {
        const stats = statSync(file);
        return stats.isFile() && stats.size <= 64 * 1024;
    } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ENOTDIR") return false;
        throw unreadable(file, cause);
    }
}

function readOriginal(path: string, options: ReadOptions): Adoption {
    const keyFile = resolve(path, "relay.key");
    const services = join(path, "services.json");
    const adoption = fromOriginal({
        subject: basename(resolve(path)),
        peers: readJson(join(path, "peers.json")),
        ...(existsSync(services) ? { services: readJson(services) } : {}),
        presharedKeys: presharedKeysIn(join(path, "peers")),
        privateKeyFile: keyFile,
        publicKey: existsSync(keyFile) ? publicKeyOf(privateKeyIn(textOf(keyFile), keyFile)) : undefined,
        interface: checkInterface(options.interface ?? "wg0", "--interface"),
    });
    const { endpoint } = options;
    if (!existsSync(keyFile))
        adoption.relay.left.unshift(
            `${keyFile} does not exist: store the relay's private key in it (\`wg show ${adoption.relay.interface} private-key\` on the relay), mode 0600`,
        );
    return endpoint === undefined ? adoption : { ...adoption, relay: { ...adoption.relay, endpoint } };
}

function presharedKeysIn(folder: string): Record<string, string> {
    if (!existsSync(folder)) return {};
    const files = namesIn(folder).map((name) => [name, join(folder, name, "preshared.key")] as const);
    return Object.fromEntries(
        files.flatMap(([name, file]) => {
            const key = textIfThere(file)?.trim();
            return key === undefined ? [] : [[name, key]];
        }),
    );
}

function readJson(file: string): unknown {
    try {
        return JSON.parse(textOf(file));
    } catch (cause) {
        if (!(cause instanceof SyntaxError)) throw cause;
        throw new InvalidArgument(file, "is not JSON", "restore it from a backup", { cause });
    }
}
