import { portsCovered } from "../access/target.js";
import { parsePorts } from "../arguments/text.js";
import { checkName } from "../names.js";
import type { Offer, OfferedPeer, Want } from "./index.js";

/** The most that a program gives to those that an offer names. */
export interface Limits {
    /** Offered peers to admit, as the offer names them. Absent: all. */
    peers?: readonly string[] | undefined;
    /** By peer of the program: the ports that may be asked for. */
    grants?: Readonly<Record<string, readonly string[]>> | undefined;
    /** Services that may be asked for. */
    services?: readonly string[] | undefined;
}

/** What becomes of an offer: as much of it as the limits allow. */
export interface Admitted {
    /** Under names with the sender's before them, which no peer of the recipient has. */
    peers: OfferedPeer[];
    grants: { from: string; to: string; ports: string[] }[];
    /** Of each service that may be asked for, who does. */
    allow: Record<string, string[]>;
    /** A sentence for each thing that was asked for in vain. */
    refused: string[];
}

/**
 * What an offer asks for, as far as a program allows it. Nothing is given that the offer does not ask for, and nothing that the
 * limits do not have; what is asked for in vain is left out, so that a sender cannot stop the recipient's updates by asking for more.
 *
 * @param subject what the offer is called
 * @throws InvalidArgument for limits that cannot be read, and for a name that is too long with the sender's before it
 */
export function admit({ from, peers, wants }: Offer, limits: Limits, subject: string): Admitted {
    const called = (name: string): string => checkName(`${from}-${name}`, subject);
    const isAdmitted = (name: string): boolean => limits.peers === undefined || limits.peers.includes(name);
    const admitted: Admitted = {
        peers: peers
            .filter(({ name }) => isAdmitted(name))
            .map(({ name, publicKey }) => ({ name: called(name), publicKey })),
        grants: [],
        allow: Object.fromEntries((limits.services ?? []).map((service) => [service, []])),
        refused: peers
            .filter(({ name }) => !isAdmitted(name))
            .map(({ name }) => `${from} offers ${name}, which this program does not admit: it is left out`),
    };
    for (const want of wants) {
        if (!isAdmitted(want.from)) continue;
        const { to, ports } = want;
        if (ports === undefined) addService(admitted, want, called(want.from), from);
        else addGrant(admitted, { ...want, to, ports }, called(want.from), from, limits, subject);
    }
    return admitted;
}

function addService({ allow, refused }: Admitted, { from: name, to }: Want, called: string, sender: string): void {
    const users = Object.hasOwn(allow, to) ? allow[to] : undefined;
    if (users === undefined) refused.push(inVain(sender, name, `service ${to}`));
    else if (!users.includes(called)) users.push(called);
}

function addGrant(
    { grants, refused }: Admitted,
    { from: name, to, ports }: Required<Want>,
    called: string,
    sender: string,
    { grants: limits = {} }: Limits,
    subject: string,
): void {
    const path = `${subject}: the limit for ${to}`;
    const allowed = (Object.hasOwn(limits, to) ? (limits[to] ?? []) : []).map((each) => parsePorts(each, path));
    const isAllowed = (each: string): boolean => portsCovered(allowed, parsePorts(each, subject));
    const given = [...new Set(ports.filter(isAllowed))];
    for (const each of ports) if (!isAllowed(each)) refused.push(inVain(sender, name, `${to}:${each}`));
    if (given.length > 0) grants.push({ from: called, to, ports: given });
}

function inVain(sender: string, name: string, what: string): string {
    return `${sender} asks for access of ${name} to ${what}, which this program does not allow: it is not granted`;
}
