import * as pulumi from "@pulumi/pulumi";

import type { RelayPlain } from "../core/arguments.js";
import { clientSettings, type ClientSettings } from "../core/clientSettings.js";
import { epochPlaces } from "../core/epochs.js";
import { InvalidArgument } from "../core/errors.js";
import type { Ledger } from "../core/model.js";
import { clientConfig } from "./clientConfig.js";
import type { ExposedService } from "./exposedService.js";
import { machineFor } from "./machine.js";
import { Managed, secretChild } from "./managed.js";
import { managedPeers } from "./managedPeer.js";
import { nameOf, type PeerRef } from "./references.js";
import type { RelayArgs } from "./relayTypes.js";
import { relayByScript } from "./relayByScript.js";
import { relayOnHost, type MadeRelay, type RelayParts } from "./relayOnHost.js";
import { resolveRelay, type ListedPeer, type ListedService, type ResolvedRelay } from "./relayArguments.js";
import { statusQuestion } from "./status.js";
import { registryRequest, type LedgerOutput } from "./relayInputs.js";

/** A WireGuard relay: peers, firewall, services, and the log of all that was done to it. */
export class Relay extends pulumi.ComponentResource {
    /** host:port, for the peers' configurations. */
    readonly endpoint: pulumi.Output<string>;
    /** The relay's WireGuard public key. */
    readonly publicKey: pulumi.Output<string>;
    /** Its tunnel address. */
    readonly address: string;
    /** Every peer's tunnel address, by name. */
    readonly addresses: pulumi.Output<Record<string, string>>;
    /** Every peer there ever was, active and revoked, as read back from the wire. */
    readonly registry: pulumi.Output<Record<string, unknown>>;
    /** Every service: url, upstream, negotiated group and cipher. */
    readonly serviceRegistry: pulumi.Output<Record<string, unknown>>;
    /** What SSH to the relay's machine agreed on, `mlkem768x25519-sha256` for instance; `none` where nothing is reached over SSH. */
    readonly keyExchange: pulumi.Output<string>;
    /** What clients of the services trust, PEM. */
    readonly caCertificate: pulumi.Output<string>;
    /** What the log must still contain tomorrow. */
    readonly checkpoint: pulumi.Output<{ size: number; head: string; root: string; note: string }>;

    /** @internal What getStatus asks. */
    readonly question: () => pulumi.Inputs;

    private readonly plain: RelayPlain;
    private readonly settings: ClientSettings;
    private readonly listed: ListedPeer[];
    private readonly services: ListedService[];
    private readonly ledger: LedgerOutput;
    private readonly seed: Managed;
    private readonly endpointAt: (epoch: number) => pulumi.Output<string>;
    private readonly keyAt: (epoch: number) => pulumi.Output<string>;

    constructor(name: string, args: RelayArgs, options?: pulumi.ComponentResourceOptions) {
        const resolved = resolveRelay(name, args);
        super("qptunnel:index:Relay", name, {}, options);
        const { plain, address, subnet } = resolved;
        this.plain = plain;
        this.settings = clientSettings(plain);
        this.listed = resolved.peers;
        this.services = resolved.services;
        this.address = address;
        const child = (after: pulumi.Resource[] = []): pulumi.CustomResourceOptions => ({
            parent: this,
            dependsOn: after,
        });
        const secret = secretChild(this);
        const log = { relay: name, audit: resolved.audit };
        const names = { ...log, appName: plain.appName, interface: plain.interface };
        const places = epochPlaces(plain.keyEpochs, plain.interface, plain.listenPort);
        const machine = machineFor(this, { ...names, listenPorts: places.map(({ port }) => port) }, resolved);
        const place = { ...names, ...machine.inputs, confirmTimeout: plain.confirmTimeout };

        // Names: addresses and ports are known from here on, also in a preview.
        const registry = new Managed("Registry", `${name}-registry`, { ...log, ...registryRequest(resolved) }, child());
        this.ledger = pulumi
            .all([registry.output<Ledger["peers"]>("peers"), registry.output<Ledger["services"]>("services")])
            .apply(([peers, services]) => ({ peers, services }));

        // Secrets: what preshared keys are derived from, the authorities.
        this.seed = new Managed("Seed", `${name}-seed`, { relay: name }, secret("seed"));
        const authorities = authoritiesOf(resolved).map((algorithm) => ({
            algorithm,
            resource: new Managed(
                "CertificateAuthority",
                algorithm === "ed25519" ? `${name}-ca` : `${name}-ca-${algorithm}`,
                { ...log, appName: plain.appName, subnet: subnet.cidr, algorithm },
                secret("privateKey"),
            ),
        }));
        const byAlgorithm = (output: string): Record<string, pulumi.Output<string>> =>
            Object.fromEntries(
                authorities.map(({ algorithm, resource }) => [algorithm, resource.output<string>(output)]),
            );

        const make = resolved.host.descriptor.kind === "script" ? relayByScript : relayOnHost;
        const parts: RelayParts = {
            parent: this,
            name,
            resolved,
            place,
            machine,
            ledger: this.ledger,
            registry,
            seed: this.seed,
            authorities: byAlgorithm("certificate"),
            authorityKeys: byAlgorithm("privateKey"),
        };
        const made = make(parts);
        const newest = Math.max(...plain.keyEpochs);
        this.endpointAt = (epoch) => endpointOf(plain, machine.address ?? made.address, epoch);
        this.endpoint = this.endpointAt(newest);
        this.publicKey = made.publicKey;
        const managed = managedPeers(parts, made, { endpoint: this.endpoint, publicKey: this.publicKey });

        const recorded = {
            registry,
            ...machine.recorded,
            ...made.recorded,
            ...(Object.assign({}, ...managed.map((peer) => peer.recorded)) as MadeRelay["recorded"]),
            ...Object.fromEntries(authorities.map(({ algorithm, resource }) => [`ca-${algorithm}`, resource])),
        };
        const records = Object.fromEntries(
            Object.entries(recorded).map(([role, resource]) => [
                role,
                resource.output<{ hash: string }>("record").apply((record) => record.hash),
            ]),
        );
        const checkpoint = new Managed(
            "AuditCheckpoint",
            `${name}-audit`,
            { ...place, ...made.way, records },
            child(Object.values(recorded)),
        );

        this.question = () => statusQuestion(parts, made, records);
        this.keyAt = (epoch) =>
            epoch === newest || made.epochs === undefined
                ? made.publicKey
                : made.epochs.apply((epochs) => epochs[epoch]?.publicKey ?? "");
        this.addresses = this.ledger.apply(({ peers }) =>
            Object.fromEntries(Object.entries(peers).map(([peer, entry]) => [peer, entry.address])),
        );
        this.registry = made.registry;
        this.serviceRegistry = pulumi
            .all([made.served, ...managed.map(({ served }) => served)])
            .apply((served) => Object.assign({}, ...served) as Record<string, unknown>);
        this.keyExchange = made.keyExchange ?? pulumi.output("none");
        this.caCertificate = pulumi
            .all(Object.values(byAlgorithm("certificate")))
            .apply((certificates) => certificates.join(""));
        this.checkpoint = pulumi
            .all([
                checkpoint.output<number>("size"),
                checkpoint.output<string>("head"),
                checkpoint.output<string>("root"),
                checkpoint.output<string>("note"),
            ])
            .apply(([size, head, root, note]) => ({ size, head, root, note }));
        this.registerOutputs({
            endpoint: this.endpoint,
            publicKey: this.publicKey,
            address,
            checkpoint: this.checkpoint,
            // For qp-tunnel config, which knows the state alone.
            clients: this.settings,
        });
    }

    /**
     * The wg-quick file to hand out to a peer, a secret. Without a generated private key (she brought her own) it loads
     * hers from where she keeps it.
     *
     * @param options.epoch key epoch of the relay that she connects to. Default: the newest
     * @throws InvalidArgument when the relay does not list her, or has no such epoch
     */
    configFor(peer: PeerRef, options: { epoch?: number } = {}): pulumi.Output<string> {
        const { keyEpochs } = this.plain;
        const epoch = options.epoch ?? Math.max(...keyEpochs);
        if (!keyEpochs.includes(epoch)) {
            throw new InvalidArgument(
                "configFor.epoch",
                `the relay has no key epoch ${epoch}`,
                `choose ${keyEpochs.join(" or ")}`,
            );
        }
        return clientConfig({
            relayName: pulumi.output(this.urn).apply((urn) => urn.split("::").pop() ?? ""),
            peer: this.find(nameOf(peer, "configFor")),
            settings: this.settings,
            ledger: this.ledger,
            endpoint: this.endpointAt(epoch),
            publicKey: this.keyAt(epoch),
            learned: keyEpochs.length > 1,
            relayAddress: this.address,
            seed: this.seed.output("seed"),
        });
    }

    /**
     * Where a service is, for those it allows.
     *
     * @param form `name` (default): https://grafana.qp-tunnel.internal:8443, for who resolves that name to the tunnel
     * address of where TLS ends (the relay, or the service's `on`); `address`: https://10.8.0.1:8443
     */
    urlOf(service: ExposedService | string, form: "name" | "address" = "name"): pulumi.Output<string> {
        const serviceName = typeof service === "string" ? service : service.serviceName;
        const { on } = this.services.find(({ name }) => name === serviceName)?.plain ?? {};
        return this.ledger.apply(({ peers, services }) => {
            const address = on === undefined ? this.address : (peers[on]?.address ?? "");
            const host = form === "name" ? `${serviceName.toLowerCase()}.${this.plain.appName}.internal` : address;
            return `https://${host}:${portOf(services, serviceName)}`;
        });
    }

    private find(name: string): ListedPeer {
        const peer = this.listed.find((listed) => listed.name === name);
        if (peer === undefined)
            throw new pulumi.RunError(`configFor: the relay lists no peer ${name}; list it in \`peers\``);
        return peer;
    }
}

function portOf(services: Ledger["services"], name: string): number {
    const service = services[name];
    if (service === undefined)
        throw new pulumi.RunError(`urlOf: the relay has no service ${name}; list it in \`services\``);
    return service.port;
}

function authoritiesOf({ services }: ResolvedRelay): ("ed25519" | "ecdsa-p256")[] {
    return services.some(({ plain }) => plain.certificate === "ecdsa-p256") ? ["ed25519", "ecdsa-p256"] : ["ed25519"];
}

/** @param epoch even ones are one port further, also than a port that is given: whoever forwards one forwards both */
function endpointOf(
    { endpoint, listenPort, interface: device }: RelayPlain,
    address: pulumi.Output<string> | undefined,
    epoch: number,
): pulumi.Output<string> {
    // Where there is no address to ask for, the arguments have been checked for an endpoint.
    const given = (endpoint as pulumi.Input<string> | undefined) ?? address ?? "";
    return pulumi.output(given).apply((text) => {
        const [, host, port] = /^(\[.*\]|[^:]+):(\d+)$/.exec(text) ?? [];
        const [place] = epochPlaces([epoch], device, Number(port ?? listenPort));
        const bare = text.includes(":") && !text.startsWith("[") ? `[${text}]` : text;
        return `${host ?? bare}:${place?.port}`;
    });
}
