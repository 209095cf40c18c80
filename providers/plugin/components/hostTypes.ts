import type { NamedTypes, TypedProperties } from "../types.js";

/*
 * Where a relay runs, as one object with a `kind`: every language has objects with optional properties, and not every one has
 * unions. What a kind does not take is refused by name. No property has a default here, because SDKs would send it with every kind.
 */

const ssh: TypedProperties = {
    address: { of: "string", description: "`ssh`: host name or address; it needs one.", optional: true },
    hostKey: {
        of: "string",
        description:
            '`ssh`: the machine\'s public host key, "ssh-ed25519 AAAA…", as `ssh-keyscan` on the machine itself or its console shows it.',
        optional: true,
    },
    trustOnFirstUse: {
        of: "boolean",
        description:
            "`ssh`: instead of `hostKey`: believe what the machine shows first, warn in every preview, and insist on it from then on.",
        optional: true,
    },
    user: { of: "string", description: "`ssh`: the user that logs in. Default: root.", optional: true },
    port: { of: "integer", description: "`ssh`: the SSH server's port. Default: 22.", optional: true },
    identityFile: {
        of: "string",
        description: "`ssh`: file of a private key. Default: the agent, and what ssh_config says.",
        optional: true,
    },
    privateKey: {
        of: "string",
        description:
            "`ssh`: a private key itself, for pipelines: a secret, handed to an agent of our own, never on disk.",
        optional: true,
        secret: true,
    },
    proxyJump: { of: "string", description: "`ssh`: user@host:port of a machine in between.", optional: true },
    sudo: {
        of: "boolean",
        description: "`ssh`: become root with `sudo -n`. Default: when the user is not root.",
        optional: true,
    },
    packages: {
        of: { named: "PackagePolicy" },
        description:
            "`ssh`: `install` (default) what is missing with the distribution's package manager, or `require` that it is there.",
        optional: true,
    },
};

const digitalOcean: TypedProperties = {
    region: { of: "string", description: "`digitalOcean`: slug of the region. Default: sfo3.", optional: true },
    size: {
        of: "string",
        description: "`digitalOcean`: slug of the size. Default: s-1vcpu-512mb-10gb. Another one resizes the Droplet.",
        optional: true,
    },
    image: {
        of: "string",
        description: "`digitalOcean`: slug of the image. Default: ubuntu-24-04-x64. Another one is another Droplet.",
        optional: true,
    },
    sshKeys: {
        of: { list: "string" },
        description:
            "`digitalOcean`: ids or fingerprints of keys in the account that may log in as well. Default: none.",
        optional: true,
    },
    sshSources: {
        of: { list: "string" },
        description: "`digitalOcean`: networks from which SSH is let in by the cloud firewall, CIDR. Default: any.",
        optional: true,
    },
    reservedIp: {
        of: "boolean",
        description: "`digitalOcean`: an address that stays when the Droplet is replaced. Default: false.",
        optional: true,
    },
    tags: {
        of: { list: "string" },
        description: "`digitalOcean`: besides the relay's `appName`. Default: none.",
        optional: true,
    },
    vpcUuid: { of: "string", description: "`digitalOcean`: default: the region's own VPC.", optional: true },
};

const script: TypedProperties = {
    path: {
        of: "string",
        description:
            "`script`: where the script is written, relative to the project; its signature and the key to verify it lie beside it. It needs one.",
        optional: true,
    },
    receipt: {
        of: "string",
        description:
            "`script`: what the script printed when it was run, pasted, or `file:PATH` of it, relative to the project. A file that is not there yet counts as not given yet.",
        optional: true,
    },
    relayPublicKey: {
        of: "string",
        description:
            "`script`: the relay's WireGuard public key alone, where no receipt can be had. Default: from the receipt.",
        optional: true,
    },
};

export const hostTypes: NamedTypes = {
    RelayHost: {
        description: "Where a relay or a managed peer runs. Each property says which kind takes it.",
        properties: {
            kind: { of: { named: "HostKind" }, description: "What leads to the machine." },
            namespace: {
                of: "string",
                description: "`local`: a network namespace of this machine. Default: the machine itself.",
                optional: true,
            },
            ...ssh,
            ...digitalOcean,
            ...script,
            setup: {
                of: { named: "SetupScripts" },
                description:
                    "Scripts of the operator's own; not with `script`, and with `ssh` only where `hostKey` and `privateKey` are given.",
                optional: true,
            },
        },
    },
    HostKind: {
        description: "What leads to a machine.",
        values: {
            Local: {
                value: "local",
                description: "The machine the program runs on, or one of its network namespaces.",
            },
            Ssh: {
                value: "ssh",
                description:
                    "Any Linux machine over the system's OpenSSH client, with its configuration and its agent.",
            },
            DigitalOcean: {
                value: "digitalOcean",
                description: "A Droplet that the program makes, with its firewall and keys.",
            },
            Script: {
                value: "script",
                description: "A machine without remote access: a script is carried there, and its receipt back.",
            },
        },
    },
    PackagePolicy: {
        description: "What is done about packages that the relay's machine lacks.",
        values: {
            Install: { value: "install", description: "Install them with the distribution's package manager." },
            Require: { value: "require", description: "Refuse the update." },
        },
    },
    SetupScripts: {
        description: "Scripts of the operator's own, for sh on the machine, as the user that logs in there.",
        properties: {
            create: {
                of: "string",
                description:
                    "Runs once, before anything of the relay is put on the machine, and again on another machine.",
            },
            delete: {
                of: "string",
                description: "Runs once, after everything of the relay is gone from it.",
                optional: true,
            },
        },
    },
};
