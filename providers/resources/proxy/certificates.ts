/** A leaf certificate as the state knows it; its key is on the host alone. */
export interface CertificateRecord {
    file: string;
    fingerprint: string;
    notBefore: string;
    notAfter: string;
    /** Made by the relay itself, so that another one may be there by now. */
    renewal?: "relay";
}

/** An authority that was left on the relay, which renews the certificates of its services with it; the key is there alone. */
export interface IssuerRecord {
    /** PEM. */
    certificate: string;
    fingerprint: string;
    notBefore: string;
    notAfter: string;
}
