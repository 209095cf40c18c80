import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./lab.js";
import type { Stack } from "./stack.js";

/** What clients of a relay do when its key is rotated. Their interfaces have the laboratory's names; the tunnel is 10.8.0.0/24. */
export class Movers {
    constructor(
        private readonly lab: Lab,
        private readonly stack: Stack,
    ) {}

    /** The relay's key that a client uses now. */
    async relayKey(name: string): Promise<string> {
        return (await this.lab.node(name).run(["wg", "show", this.lab.interface(name), "peers"])).trim();
    }

    /** As a careful client does: the new relay key beside the old one, and over to it once it has shaken hands. */
    async staged(name: string, from: string): Promise<void> {
        const { key, way } = await this.#newest(name);
        await this.#set(name, "peer", key, ...way);
        await this.#handshake(name, key);
        await this.#set(name, "peer", key, "allowed-ips", TUNNEL, "peer", from, "remove");
    }

    /** As a person does who replaces one file by another. */
    async atOnce(name: string, from: string): Promise<void> {
        const { key, way } = await this.#newest(name);
        await this.#set(name, "peer", from, "remove", "peer", key, ...way, "allowed-ips", TUNNEL);
        await this.#handshake(name, key);
    }

    /** How a peer's newest file leads to the relay. */
    async #newest(name: string): Promise<{ key: string; way: string[] }> {
        const config = (await this.stack.outputs<{ configs: Record<string, string> }>()).configs[name]!;
        const value = (key: string): string => new RegExp(`^${key} = (.*)$`, "m").exec(config)![1]!;
        const psk = join(this.lab.folder, `${name}.psk`);
        writeFileSync(psk, value("PresharedKey"), { mode: 0o600 });
        const way = ["preshared-key", psk, "endpoint", value("Endpoint"), "persistent-keepalive", "25"];
        return { key: value("PublicKey"), way };
    }

    async #set(name: string, ...words: string[]): Promise<void> {
        await this.lab.node(name).run(["wg", "set", this.lab.interface(name), ...words]);
    }

    /** Waits until a client has shaken hands with a key of the relay. */
    async #handshake(name: string, key: string): Promise<void> {
        const script = `until wg show ${this.lab.interface(name)} latest-handshakes | awk -v key="$1" '$1 == key && $2 > 0 { found = 1 } END { exit !found }'; do sleep 0.05; done`;
        await this.lab.node(name).run(["timeout", "30", "bash", "-c", script, "wait", key]);
    }
}

const TUNNEL = "10.8.0.0/24";
