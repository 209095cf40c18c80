import * as pulumi from "@pulumi/pulumi";

import type { RelayPlain } from "../core/arguments/index.js";
import { algorithmsOf } from "../core/certificates/leaves.js";
import { clientSettings, type ClientSettings } from "../core/client/settings.js";
import { epochPlaces } from "../core/keys/epochs.js";
import { InvalidArgument } from "../core/errors.js";
import type { RegisteredPeer, ServedService } from "../core/registry/model.js";
import { relayIdOf } from "../core/relayIdentity.js";
import type { Right } from "../core/access/rights.js";
import { unansweredResolvers } from "../core/access/resolvers.js";
import { clientConfig } from "./clientConfig.js";
import type { ExposedService } from "./exposedService.js";
import { nameIn } from "./formerUrns.js";
import { machineFor } from "./machine.js";
import { Managed, secretChild } from "./managed.js";
import { managedPeers, managedPlaces } from "./managedPeer.js";
import { nameOf, type PeerRef } from "./references.js";
import { endpointOf } from "./relayEndpoint.js";
import type { RelayArgs } from "./relayTypes.js";
import { relayRights } from "./rights.js";
import { relayByScript } from "./relayByScript.js";
import { type MadeRelay, relayHost, relayOnHost, type RelayParts } from "./relayOnHost.js";
import { type ListedPeer, type ListedService, type ResolvedRelay, resolveRelay } from "./relayArguments.js";
import { statusQuestion } from "./statusQuestion.js";
import { accessRules, type LedgerOutput, portOf, registryRequest } from "./relayInputs.js";

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
    readonly registry: pulumi.Output<Record<string, RegisteredPeer>>;
    /** Every service: url, upstream, negotiated group and cipher. */
    readonly serviceRegistry: pulumi.Output<Record<string, ServedService>>;
    /** What SSH to the relay's machine agreed on, `mlkem768x25519-sha256` for instance; `none` where nothing is reached over SSH. */
    readonly keyExchange: pulumi.Output<string>;
    /** What clients of the services trust, PEM. */
    readonly caCertificate: pulumi.Output<string>;
    /** What the log must still contain tomorrow. */
    readonly checkpoint: pulumi.Output<{ size: number; head: string; root: string; note: string }>;

    /** @internal What getStatus asks. */
    readonly question: () => pulumi.Inputs;
    /** @internal What tests assert on. */
    readonly rights: () => pulumi.Output<Right[]>;

    private readonly plain: RelayPlain;
    private readonly settings: ClientSettings;
    private readonly listed: ListedPeer[];
    private readonly services: ListedService[];
    private readonly ledger: LedgerOutput;
    private readonly seed: Managed<"Seed">;
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
        const log = { relay: name, audit: resolved.audit };
        const names = { ...log, appName: plain.appName, interface: plain.interface };
        const places = epochPlaces(plain.keyEpochs, plain.interface, plain.listenPort);
        const others = managedPlaces(resolved);
        const machine = machineFor(
            this,
            { ...names, ...others, listenPorts: places.map(({ port }) => port) },
            resolved,
        );

        // What preshared keys are derived from, and who the relay is.
        this.seed = new Managed(
            "Seed",
            `${name}-seed`,
            { ...log, ...onlyInState(resolved) },
            secretChild(this)("seed"),
        );
        // Nothing can be read from it of the seed, which an update of other targets may not have yet.
        const relayId = pulumi.unsecret(
            this.seed.output("seed").apply((seed: string | undefined) => seed && relayIdOf(seed)),
        );
        const place = { ...names, relayId, ...machine.inputs, confirmTimeout: plain.confirmTimeout };

        // Names: addresses and ports are known from here on, also in a preview.
        const registry = new Managed(
            "Registry",
            `${name}-registry`,
            { ...names, relayId, ...machine.inputs, ...others, ...registryRequest(resolved) },
            child(),
        );
        this.ledger = pulumi
            .all([registry.output("peers"), registry.output("services")])
            .apply(([peers, services]) => ({ peers, services }));

        // What goes is taken away by the machine's first resource: all that can fail besides comes after it.
        const isReached = resolved.host.descriptor.kind !== "script";
        const letGo = options?.retainOnDelete === true ? { retained: true as const } : {};
        const base = { parent: this, name, resolved, place, machine, ledger: this.ledger, registry, letGo };
        const first = isReached ? relayHost(base) : registry;
        const secret = secretChild(this, [first]);

        const authorities = authoritiesOf(resolved).map((algorithm) => ({
            algorithm,
            resource: new Managed(
                "CertificateAuthority",
                algorithm === "ed25519" ? `${name}-ca` : `${name}-ca-${algorithm}`,
                { ...log, appName: plain.appName, subnet: subnet.cidr, algorithm },
                secret("privateKey"),
            ),
        }));
        const byAlgorithm = (output: "certificate" | "privateKey"): Record<string, pulumi.Output<string>> =>
            Object.fromEntries(authorities.map(({ algorithm, resource }) => [algorithm, resource.output(output)]));

        warnOfResolvers(this, resolved, this.ledger);
        const parts: RelayParts = {
            ...base,
            seed: this.seed,
            authorities: byAlgorithm("certificate"),
            authorityKeys: byAlgorithm("privateKey"),
        };
        const made = isReached ? relayOnHost(parts, first) : relayByScript(parts);
        const newest = Math.max(...plain.keyEpochs);
        const reachedAt = machine.inputs.host["address"] as pulumi.Input<string> | undefined;
        const known = { plain, address: machine.address ?? made.address, reachedAt, relay: this };
        this.endpointAt = (epoch) => endpointOf(known, epoch);
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
                resource.output("record").apply((record) => record.hash),
            ]),
        );
        const checkpoint = new Managed(
            "AuditCheckpoint",
            `${name}-audit`,
            { ...place, ...made.way, ...others, records },
            child(Object.values(recorded)),
        );

        this.rights = () => relayRights(resolved, this.ledger);
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
            .apply((served) => Object.assign({}, ...served) as Record<string, ServedService>);
        this.keyExchange = made.keyExchange ?? pulumi.output("none");
        this.caCertificate = pulumi
            .all(Object.values(byAlgorithm("certificate")))
            .apply((certificates) => certificates.join(""));
        this.checkpoint = pulumi
            .all([
                checkpoint.output("size"),
                checkpoint.output("head"),
                checkpoint.output("root"),
                checkpoint.output("note"),
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
     * The wg-quick file to hand out to a peer, a secret. For a peer with its own key it loads
     * the private key from a local file.
     *
     * @param options.epoch key epoch of the relay to connect to. Default: the newest
     * @throws InvalidArgument when the relay does not list the peer, or has no such epoch
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
            relayName: pulumi.output(this.urn).apply(nameIn),
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
        const listed = this.services.find(({ name }) => name === serviceName);
        if (listed === undefined)
            throw new pulumi.RunError(`urlOf: the relay has no service ${serviceName}; list it in \`services\``);
        const { on } = listed.plain;
        return this.ledger.apply(({ peers, services }) => {
            const address = on === undefined ? this.address : (peers[on]?.address ?? "");
            const host = form === "name" ? `${serviceName.toLowerCase()}.${this.plain.appName}.internal` : address;
            return `https://${host}:${portOf(services, serviceName)}`;
        });
    }

    private find(name: string): ListedPeer {
        const peer = this.listed.find((listed) => listed.name === name);
        if (peer === undefined)
            throw new pulumi.RunError(`configFor: the relay has no peer ${name}; list it in \`peers\``);
        return peer;
    }
}

/** What would be lost with the state: whether the relay's own key, and how many peers have a key or a preshared key that only the state knows. */
function onlyInState({ plain, peers, host }: ResolvedRelay): pulumi.Inputs {
    const keepsKey = plain.identity === "host" || plain.privateKey !== undefined || host.descriptor.kind === "script";
    const dependent = peers.filter(
        ({ knownKey, presharedKey }) => knownKey === undefined || presharedKey === undefined,
    );
    return {
        loses: { relayKey: !keepsKey, peers: dependent.length },
        ...(plain.replaceLostKeys === undefined ? {} : { replaceLostKeys: plain.replaceLostKeys }),
    };
}

/** As soon as addresses are known, in a preview too. */
function warnOfResolvers(relay: pulumi.Resource, resolved: ResolvedRelay, ledger: LedgerOutput): void {
    const { plain, address, address6, subnet, subnet6 } = resolved;
    const { dns } = plain;
    if (dns === undefined) return;
    const own = [address, address6].filter((each) => each !== undefined);
    const networks = [subnet.cidr, subnet6?.cidr, ...plain.routes].filter((each) => each !== undefined);
    pulumi.all([ledger, accessRules(resolved, ledger)]).apply(([{ peers }, rules]) => {
        for (const sentence of unansweredResolvers({ dns, own, networks, peers, rules }))
            void pulumi.log.warn(sentence, relay);
    });
}

function authoritiesOf({ services }: ResolvedRelay): ("ed25519" | "ecdsa-p256")[] {
    const isUsed = services.some(({ plain }) => algorithmsOf(plain).includes("ecdsa-p256"));
    return isUsed ? ["ed25519", "ecdsa-p256"] : ["ed25519"];
}
