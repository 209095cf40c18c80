/** What a program lists, in plain values. */
export interface RegistryRequest {
    /** The tunnel's IPv4 network; the relay has the first address. */
    subnet: string;
    /** Its IPv6 network: a peer has the same host index in both. */
    subnet6?: string | undefined;
    /** IPv4 addresses that are never allocated. */
    reservedAddresses: string[];
    peers: Record<string, PeerRequest>;
    services: Record<string, ServiceRequest>;
}

export interface PeerRequest {
    /** Pinned IPv4 address. */
    address?: string | undefined;
    /** undefined while it is not known. */
    publicKey?: string | undefined;
    /** The key is a resource's output: it identifies the peer as any other key does, and the ledger does not list it. */
    isOutput?: boolean | undefined;
    /** Default: none. */
    routes?: string[] | undefined;
    /** Default: 1. */
    keyEpoch?: number | undefined;
    /** RFC 3339. From then on the peer counts as unlisted. */
    expires?: string | undefined;
    /** Lets a revoked public key in again. */
    reinstate?: boolean | undefined;
}

export interface ServiceRequest {
    /** Pinned port. */
    port?: number | undefined;
    /** What it was called before: it keeps the port of the first of these names that is no longer listed. */
    formerly?: string[] | undefined;
}
