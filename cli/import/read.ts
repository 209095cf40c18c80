import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";

import { fromOriginal } from "../../core/adoption/fromOriginal.js";
import { fromQuickFile } from "../../core/adoption/fromQuick.js";
import { privateKeyIn } from "../../core/adoption/keyFile.js";
import type { Adoption } from "../../core/adoption/model.js";
import { InvalidArgument } from "../../core/errors.js";
import { publicKeyOf } from "../../core/keys.js";
import { checkInterface } from "../../core/names.js";

/** @param path of a wg-quick file, a folder with one, or the state directory of the original shell tool */
export function readAdoption(path: string, options: { interface?: string; endpoint?: string }): Adoption {
    if (!existsSync(path)) {
        throw new InvalidArgument(
            path,
            "is not there",
            "give a wg-quick file, or the state directory of the shell tool",
        );
    }
    if (!statSync(path).isDirectory()) return readQuickFile(path, options);
    if (existsSync(join(path, "peers.json"))) return readOriginal(path, options);
    const files = readdirSync(path).filter((name) => name.endsWith(".conf"));
    const [file] = files;
    if (file === undefined || files.length > 1) {
        throw new InvalidArgument(
            path,
            file === undefined ? "holds neither peers.json nor a .conf file" : `holds ${files.length} .conf files`,
            "name the file of the relay",
        );
    }
    return readQuickFile(join(path, file), options);
}

function readQuickFile(path: string, options: { interface?: string; endpoint?: string }): Adoption {
    const device = checkInterface(options.interface ?? basename(path).replace(/\.conf$/, ""), "--interface");
    return fromQuickFile(readFileSync(path, "utf8"), {
        subject: basename(path),
        path: resolve(path),
        interface: device,
        endpoint: options.endpoint,
    });
}

function readOriginal(path: string, options: { interface?: string; endpoint?: string }): Adoption {
    const keyFile = resolve(path, "relay.key");
    const services = join(path, "services.json");
    const adoption = fromOriginal({
        subject: basename(resolve(path)),
        peers: readJson(join(path, "peers.json")),
        ...(existsSync(services) ? { services: readJson(services) } : {}),
        presharedKeys: presharedKeysIn(join(path, "peers")),
        privateKeyFile: keyFile,
        publicKey: existsSync(keyFile) ? publicKeyOf(privateKeyIn(readFileSync(keyFile, "utf8"), keyFile)) : undefined,
        interface: checkInterface(options.interface ?? "wg0", "--interface"),
    });
    const { endpoint } = options;
    if (!existsSync(keyFile))
        adoption.relay.left.unshift(
            `${keyFile} is not there: put the relay's private key into it (\`wg show ${adoption.relay.interface} private-key\` on the relay), mode 0600`,
        );
    return endpoint === undefined ? adoption : { ...adoption, relay: { ...adoption.relay, endpoint } };
}

function presharedKeysIn(folder: string): Record<string, string> {
    if (!existsSync(folder)) return {};
    const files = readdirSync(folder).map((name) => [name, join(folder, name, "preshared.key")] as const);
    return Object.fromEntries(
        files.filter(([, file]) => existsSync(file)).map(([name, file]) => [name, readFileSync(file, "utf8").trim()]),
    );
}

function readJson(file: string): unknown {
    try {
        return JSON.parse(readFileSync(file, "utf8"));
    } catch (cause) {
        if (!(cause instanceof SyntaxError)) throw cause;
        throw new InvalidArgument(file, "is not JSON", "restore it from a backup", { cause });
    }
}
