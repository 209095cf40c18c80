// A double of Pulumi's DigitalOcean plugin, as far as a relay uses it. Its Droplets are network namespaces of the laboratory:
// each boots with file systems of its own, does what its user-data says, and runs a real sshd. What replaces a resource and
// which outputs there are is as in the real one.
//
// CLOUD in the environment says where: {"folder", "droplets": [{"namespace", "address"}], "reservedIp", "neighbours": [namespace]}

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { provider, runtime } from "@pulumi/pulumi";
import { parse } from "yaml";

import { boot, end, leftovers, moveAddress } from "./machines.mjs";

const cloud = JSON.parse(process.env.CLOUD ?? "null");

const RESOURCES = {
    SshKey: {
        replaces: ["publicKey"],
        create({ name, publicKey }) {
            const blob = Buffer.from(publicKey.split(" ")[1], "base64");
            const fingerprint = createHash("md5").update(blob).digest("hex").match(/../g).join(":");
            save("keys", fingerprint.replaceAll(":", ""), { publicKey });
            return { id: String(blob.readUInt32BE(20)), name, publicKey, fingerprint };
        },
        delete: ({ fingerprint }) => forget("keys", fingerprint.replaceAll(":", "")),
    },

    Droplet: {
        replaces: ["image", "region", "sshKeys", "userData", "vpcUuid"],
        create({ sshKeys, userData, ...inputs }) {
            if (existsSync(join(cloud.folder, "out-of-droplets")))
                throw new Error("422: the region has no capacity left");
            const used = all("droplets").map(({ namespace }) => namespace);
            const place = cloud.droplets.find(({ namespace }) => !used.includes(namespace));
            if (place === undefined) throw new Error("the laboratory has no namespace left for a Droplet");
            const id = String(4000 + readdirSync(folder("made")).length);
            save("made", id, { userData, tags: inputs.tags });
            save("droplets", id, place);
            boot({
                ...place,
                id,
                folder: join(folder("machines"), id),
                config: parse(userData),
                authorized: sshKeys.map((key) => load("keys", key.replaceAll(":", "")).publicKey),
            });
            return { id, sshKeys, userData, ...inputs, ipv4Address: place.address, status: "active" };
        },
        delete(_, id) {
            const place = load("droplets", id);
            const found = leftovers(place, join(folder("machines"), id));
            save("left", id, { ...found, droplets: all("droplets").length });
            end(place);
            forget("droplets", id);
        },
    },

    Firewall: {
        replaces: [],
        create: (inputs) => ({ id: `firewall-${Date.now()}`, ...inputs, status: "succeeded" }),
        delete: () => {},
    },

    ReservedIp: {
        replaces: ["region"],
        create: (inputs) => ({ id: cloud.reservedIp, ...inputs, ipAddress: cloud.reservedIp }),
        delete: () => {},
    },

    ReservedIpAssignment: {
        replaces: ["dropletId", "ipAddress"],
        create({ dropletId, ipAddress }) {
            moveAddress(ipAddress, cloud, load("droplets", String(dropletId)).namespace);
            save("assigned", ipAddress, { dropletId });
            return { id: `${dropletId}-${ipAddress}`, dropletId, ipAddress };
        },
        // As the real one: only if it still leads to this Droplet.
        delete({ dropletId, ipAddress }) {
            if (load("assigned", ipAddress).dropletId !== dropletId) return;
            moveAddress(ipAddress, cloud);
            forget("assigned", ipAddress);
        },
    },
};

class Cloud {
    version = "4.80.1";

    async check(_urn, _olds, news) {
        return { inputs: news };
    }

    async diff(_id, urn, olds, news) {
        const changed = Object.keys(news).filter(
            (name) => !name.startsWith("__") && text(olds[name]) !== text(news[name]),
        );
        const replaces = changed.filter((name) => kindOf(urn).replaces.includes(name));
        // As the real one: what has a name of its own that stays is deleted first, unless the program says otherwise.
        const deleteBeforeReplace = replaces.length > 0 && news.name !== undefined && news.name === olds.name;
        // Without `changes` the engine says which inputs they are.
        return { changes: changed.length > 0 ? undefined : false, replaces, deleteBeforeReplace };
    }

    async create(urn, inputs) {
        const { id, ...outputs } = kindOf(urn).create(plain(inputs));
        return { id, outs: { ...outputs, ...inputs } };
    }

    async read(id, _urn, props) {
        return { id, props };
    }

    async update(_id, _urn, olds, news) {
        return { outs: { ...olds, ...news } };
    }

    async delete(id, urn, props) {
        kindOf(urn).delete(plain(props), id);
    }
}

function kindOf(urn) {
    const type = urn.split("::")[2].split(":").at(-1);
    const kind = RESOURCES[type];
    if (kind === undefined) throw new Error(`this double has no ${type}`);
    return kind;
}

/** Without the engine's marks of secrets. */
function plain(value) {
    if (runtime.isRpcSecret(value)) return plain(runtime.unwrapRpcSecret(value));
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(plain);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function text(value) {
    return JSON.stringify(plain(value));
}

function folder(kind) {
    const path = join(cloud.folder, kind);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
}

function save(kind, name, value) {
    writeFileSync(join(folder(kind), `${name}.json`), JSON.stringify(value), { mode: 0o600 });
}

function load(kind, name) {
    return JSON.parse(readFileSync(join(folder(kind), `${name}.json`), "utf8"));
}

function forget(kind, name) {
    rmSync(join(folder(kind), `${name}.json`), { force: true });
}

function all(kind) {
    return readdirSync(folder(kind)).map((file) => load(kind, file.replace(/\.json$/, "")));
}

provider.main(new Cloud(), process.argv.slice(2));
