import type { ClientConfig } from "../config.js";

/** A file of a peer's configuration. Treat each as a secret. */
export interface ClientFile {
    /** Path on the peer's machine; absent for text to paste. */
    path?: string;
    text: string;
}

/** Writes a peer's configuration for one kind of machine; `device` names the interface there. */
export type ClientFormat = (config: ClientConfig, device: string) => ClientFile[];
