/** Two peers' configurations, and the files of a format. */
import type { ClientConfig } from "../../../../../core/client/config.js";
import { CLIENT_FORMATS } from "../../../../../core/client/formats/index.js";

export const PRIVATE = "mD9sZG0ifLXNvWUuqTyeS4GR1ZmXWGHZfVn4uK4kS3s=";
export const PRESHARED = "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=";
export const RELAY = "DCqTOyDHNgoyD0vJX4v5pgK2PKYrBCzJrQvOWpNkrEM=";

export const full: ClientConfig = {
    peerName: "nas",
    address: "10.8.0.2",
    address6: "fd00:8::2",
    privateKey: PRIVATE,
    presharedKey: PRESHARED,
    relayPublicKey: RELAY,
    endpoint: "[2001:db8::7]:51820",
    allowedIps: ["10.8.0.0/24", "fd00:8::/64"],
    keepalive: 25,
    mtu: 1420,
    dns: ["10.8.0.1", "corp.example"],
    relayName: "office",
    appName: "qp-tunnel",
};

/** Her own key, no preshared key, no keepalive, no resolvers. */
const { privateKey: _key, presharedKey: _psk, dns: _dns, address6: _address6, ...rest } = full;
export const bare: ClientConfig = {
    ...rest,
    endpoint: "relay.example:51820",
    allowedIps: ["10.8.0.0/24"],
    keepalive: 0,
};

export function files(format: string, config: ClientConfig): Record<string, string> {
    return Object.fromEntries(CLIENT_FORMATS[format]!(config, "wg0").map(({ path = "", text }) => [path, text]));
}
