import * as pulumi from "@pulumi/pulumi";

import type { RelayPlain } from "../core/arguments/index.js";
import { clientSettings, type ClientSettings } from "../core/client/settings.js";
import { InvalidArgument } from "../core/errors.js";
import type { RegisteredPeer, ServedService } from "../core/registry/model.js";
import type { Right } from "../core/access/rights.js";
import { renderRights } from "../core/access/rightsText.js";
import { unansweredResolvers } from "../core/access/resolvers.js";
import { ofEach, relayAuthorities } from "./authorities.js";
import { pinLog, recordedBy, recordHashes } from "./checkpoint.js";
import { clientConfig } from "./clientConfig.js";
import type { ExposedService } from "./exposedService.js";
import { checkExpectations } from "./expected.js";
import { nameIn } from "./formerUrns.js";
import { known } from "./known.js";
import type { Managed } from "./managed.js";
import { managedPeers } from "./managedPeer.js";
import { nameOf, type PeerRef } from "./references.js";
import { withOwnPeers } from "./ownPeers.js";
import { registeredRelay, Registration } from "./registered.js";
import { relayBase } from "./relayBase.js";
import { endpointOf } from "./relayEndpoint.js";
import type { RelayArgs } from "./relayTypes.js";
import { relayRights } from "./rights.js";
import { relayByScript } from "./relayByScript.js";
import { type MadeRelay, relayHost, relayOnHost, type RelayParts } from "./relayOnHost.js";
import { listedPeer } from "./listedPeers.js";
import { type ResolvedRelay, resolveRelay } from "./relayArguments.js";
import { statusQuestion } from "./statusQuestion.js";
import { accessRules, directionsOf, type LedgerOutput, portOf } from "./relayInputs.js";

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
    get registry(): pulumi.Output<Record<string, RegisteredPeer>> {
        // Copies, which a program may change.
        return this.made.registry
            .output("registry")
            .apply((known) => Object.fromEntries(Object.entries(known).map(([peer, entry]) => [peer, { ...entry }])));
    }
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
    private readonly settings: pulumi.Output<ClientSettings>;
    private readonly resolved: ResolvedRelay;
    private readonly ledger: LedgerOutput;
    private readonly seed: Managed<"Seed">;
    private readonly made: MadeRelay;
    private readonly endpointAt: (epoch: number) => pulumi.Output<string>;
    private readonly keyAt: (epoch: number) => pulumi.Output<string>;

    constructor(name: string, args: RelayArgs, options?: pulumi.ComponentResourceOptions) {
        const checked = resolveRelay(name, args);
        checkExpectations(name, checked);
        const registration = new Registration(registeredRelay(checked));
        super("qptunnel:index:Relay", name, registration.inputs, options);
        registration.of(this);
        const resolved = withOwnPeers(this, name, checked);
        const { plain, address } = resolved;
        this.plain = plain;
        const subject = `relay ${name}`;
        const dns = plain.dns === undefined ? pulumi.output(undefined) : known(plain.dns, `${subject}.dns`);
        this.settings = pulumi
            .all([dns, known(plain.keepalive, `${subject}.keepalive`), resolved.mtu, directionsOf(resolved)])
            .apply(([resolvers, keepalive, mtu, grants]) =>
                clientSettings({ ...plain, dns: resolvers, keepalive, mtu, grants }),
            );
        this.resolved = resolved;
        this.address = address;

        const base = relayBase(this, name, resolved, options);
        this.seed = base.seed;
        this.ledger = base.ledger;
        // What goes is taken away by the machine's first resource: all that can fail besides comes after it.
        const host = resolved.host.descriptor.kind === "script" ? undefined : relayHost(base);
        const authorities = relayAuthorities(base, host ?? base.registry);
        warnOfResolvers(this, resolved, this.ledger, dns);
        const certificates = ofEach(authorities, "certificate");
        const parts: RelayParts = {
            ...base,
            authorities: certificates,
            authorityKeys: ofEach(authorities, "privateKey"),
        };
        const made = host === undefined ? relayByScript(parts) : relayOnHost(parts, host);

        this.made = made;

        const newest = Math.max(...plain.keyEpochs);
        this.endpointAt = endpointsOf(this, parts, made);
        this.keyAt = keysOf(made, newest);
        this.endpoint = this.endpointAt(newest);
        this.publicKey = made.publicKey;
        const managed = managedPeers(parts, made, { endpoint: this.endpoint, publicKey: this.publicKey });
        const recorded = recordedBy(base, made, managed, authorities);
        this.checkpoint = pinLog(base, made, recorded);

        this.rights = () => relayRights(resolved, this.ledger);
        this.question = () => statusQuestion(parts, made, recordHashes(recorded));
        this.addresses = this.ledger.apply(({ peers }) =>
            Object.fromEntries(Object.entries(peers).map(([peer, entry]) => [peer, entry.address])),
        );
        this.serviceRegistry = pulumi
            .all([made.served, ...managed.map(({ served }) => served)])
            .apply((served) => Object.assign({}, ...served) as Record<string, ServedService>);
        this.keyExchange = made.keyExchange ?? pulumi.output("none");
        this.caCertificate = pulumi.all(Object.values(certificates)).apply((all) => all.join(""));
        this.registerOutputs({
            endpoint: this.endpoint,
            publicKey: this.publicKey,
            address,
            checkpoint: this.checkpoint,
            // For qp-tunnel config, which knows the state alone.
            clients: this.settings,
            // For qp-tunnel access.
            rights: this.rights().apply(renderRights),
            ...registration.outputs,
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
            peer: listedPeer(this.resolved, nameOf(peer, "configFor")),
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
        const listed = this.resolved.services.find(({ name }) => name === serviceName);
        if (listed === undefined)
            throw new pulumi.RunError(`urlOf: the relay has no service ${serviceName}; list it in \`services\``);
        const { on } = listed.plain;
        return this.ledger.apply(({ peers, services }) => {
            const address = on === undefined ? this.address : (peers[on]?.address ?? "");
            const host = form === "name" ? `${serviceName.toLowerCase()}.${this.plain.appName}.internal` : address;
            return `https://${host}:${portOf(services, serviceName)}`;
        });
    }
}

/** Where peers reach the relay, by key epoch. */
function endpointsOf(
    relay: pulumi.Resource,
    { machine, resolved: { plain } }: RelayParts,
    made: MadeRelay,
): (epoch: number) => pulumi.Output<string> {
    const reachedAt = machine.inputs.host["address"] as pulumi.Input<string> | undefined;
    const known = { plain, address: machine.address ?? made.address, reachedAt, relay };
    return (epoch) => endpointOf(known, epoch);
}

/** The relay's public key, by key epoch. */
function keysOf({ publicKey, epochs }: MadeRelay, newest: number): (epoch: number) => pulumi.Output<string> {
    return (epoch) =>
        epoch === newest || epochs === undefined ? publicKey : epochs.apply((known) => known[epoch]?.publicKey ?? "");
}

/** As soon as addresses are known, in a preview too. */
function warnOfResolvers(
    relay: pulumi.Resource,
    resolved: ResolvedRelay,
    ledger: LedgerOutput,
    resolvers: pulumi.Output<string[] | undefined>,
): void {
    const { plain, address, address6, subnet, subnet6, routes } = resolved;
    if (plain.dns === undefined) return;
    const own = [address, address6].filter((each) => each !== undefined);
    const tunnel = [subnet.cidr, subnet6?.cidr].filter((each) => each !== undefined);
    const all = pulumi.all([ledger, accessRules(resolved, ledger), resolvers, routes]);
    all.apply(([{ peers }, rules, dns = [], behind]) => {
        const networks = [...tunnel, ...behind];
        for (const sentence of unansweredResolvers({ dns, own, networks, peers, rules }))
            void pulumi.log.warn(sentence, relay);
    });
}
