import type { ClientConfig } from "../config.js";

/** A file of a peer's configuration. Treat each as a secret. */
export interface ClientFile {
    /** Where it belongs on her machine; absent for what is pasted. */
    path?: string;
    text: string;
}

/** Writes a peer's configuration for one kind of machine; `device` names the interface there. */
export type ClientFormat = (config: ClientConfig, device: string) => ClientFile[];
