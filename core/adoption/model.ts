/** A relay that was configured by other means, in this library's terms, without secrets. */
export interface AdoptedRelay {
    interface: string;
    /** Where the relay's private key is, on the operator's side; it is copied nowhere. */
    privateKeyFile: string;
    /** The public half, when that file could be read. */
    publicKey?: string;
    listenPort: number;
    subnet: string;
    subnet6?: string;
    mtu?: number;
    /** host:port, when it is known. */
    endpoint?: string;
    peers: AdoptedPeer[];
    /** Whether rules that its hooks load limit what it forwards. */
    limited?: boolean;
    /** Whether it forwards anything; absent where that could not be looked at. */
    forwards?: boolean;
    services: AdoptedService[];
    /** What cannot be carried over, a sentence each, with what to do instead. */
    left: string[];
}

export interface AdoptedPeer {
    name: string;
    publicKey: string;
    /** What was written beside it, where that cannot be a name. */
    written?: string;
    /** The tunnel address; absent if the peer had none and gets one. */
    address?: string;
    /** Networks behind the peer. */
    routes: string[];
    /** Whether the peer has a preshared key; the key itself is passed separately. */
    preshared: boolean;
}

export interface AdoptedService {
    name: string;
    port: number;
    upstream: string | { peer: string; port: number };
}

/** A relay, and the preshared keys of its peers by name, which are secrets. */
export interface Adoption {
    relay: AdoptedRelay;
    presharedKeys: Record<string, string>;
}
