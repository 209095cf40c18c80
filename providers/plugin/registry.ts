import { type Resource } from "../resources/resource.js";

/** Type to its implementation. A function each, because a call of one type must not load the others. */
export type ResourceTable = Record<string, () => Resource>;

/** Every managed resource. `require` within its function loads a resource when it is first asked for. */
export const resources = {
    KeyPair: () => (require("../resources/keys/keyPair.js") as typeof import("../resources/keys/keyPair.js")).keyPair,
    Seed: () => (require("../resources/keys/seed.js") as typeof import("../resources/keys/seed.js")).seed,
    SshKeyPair: () =>
        (require("../resources/keys/sshKeyPair.js") as typeof import("../resources/keys/sshKeyPair.js")).sshKeyPair,
    HostKey: () => (require("../resources/keys/hostKey.js") as typeof import("../resources/keys/hostKey.js")).hostKey,
    Registry: () =>
        (require("../resources/ledger/registry.js") as typeof import("../resources/ledger/registry.js")).registry,
    CertificateAuthority: () =>
        (
            require("../resources/keys/certificateAuthority.js") as typeof import("../resources/keys/certificateAuthority.js")
        ).certificateAuthority,
    Host: () => (require("../resources/host/host.js") as typeof import("../resources/host/host.js")).host,
    Firewall: () =>
        (require("../resources/firewall/firewall.js") as typeof import("../resources/firewall/firewall.js")).firewall,
    WireGuard: () =>
        (require("../resources/wireguard/wireguard.js") as typeof import("../resources/wireguard/wireguard.js"))
            .wireguard,
    Proxy: () => (require("../resources/proxy/proxy.js") as typeof import("../resources/proxy/proxy.js")).proxy,
    Grants: () => (require("../resources/grants/grants.js") as typeof import("../resources/grants/grants.js")).grants,
    Script: () => (require("../resources/script/script.js") as typeof import("../resources/script/script.js")).script,
    AuditCheckpoint: () =>
        (require("../resources/log/auditCheckpoint.js") as typeof import("../resources/log/auditCheckpoint.js"))
            .auditCheckpoint,
} satisfies ResourceTable;
