import { webcrypto } from "node:crypto";
import { createServer, type Server, type TlsOptions } from "node:tls";
import { connect as connectTo, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";

import { createAuthority, issueLeaf } from "../../../../core/certificates/index.js";
import * as connections from "../../../../providers/hosts/connection.js";
import { probeServices } from "../../../../providers/hosts/probe.js";
import { targetAt } from "../resources/relay/lifecycle.js";
import { Machine } from "./machine.js";

const ADDRESS = "10.8.0.1";
let authority: { certificate: string; privateKey: string };
let leaf: { certificate: string; privateKey: string };

beforeAll(async () => {
    const common = { appName: "corp", algorithm: "ecdsa-p256" as const, now: new Date(), crypto: webcrypto };
    authority = await createAuthority({ ...common, subnet: "10.8.0.0/24" });
    leaf = await issueLeaf({ ...common, authority, service: "wiki", addresses: [ADDRESS] });
});

/** What a probe of service wiki finds when this server is where the relay's tunnel address leads. */
async function probed(options: TlsOptions, ca = authority.certificate): Promise<unknown> {
    const server: Server = createServer({ cert: leaf.certificate, key: leaf.privateKey, ...options });
    server.on("tlsClientError", () => undefined);
    const sockets: Socket[] = [];
    server.on("connection", (socket) => sockets.push(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const stream = (address: string, at: number): ReturnType<typeof connectTo> => {
        expect([address, at]).toEqual([ADDRESS, 8443]);
        return connectTo(port, "127.0.0.1");
    };
    jest.spyOn(connections, "connectionTo").mockReturnValue({ remote: false, ask: jest.fn(), stream });
    const service = { port: 8443, upstream: "x", certificate: "ecdsa-p256", keyExchange: "require" } as const;
    const request = { addresses: [ADDRESS], services: { wiki: service }, authorities: { "ecdsa-p256": ca } };
    try {
        return (await probeServices(targetAt(new Machine()), request, "corp")).wiki;
    } finally {
        for (const socket of sockets) socket.destroy();
        server.close();
    }
}

const hasGroup = ((): boolean => {
    const { createSecureContext } = jest.requireActual<typeof import("node:tls")>("node:tls");
    try {
        createSecureContext({ ecdhCurve: "X25519MLKEM768" });
        return true;
    } catch {
        return false;
    }
})();

// A client of an older OpenSSL cannot ask for the group.
(hasGroup ? describe : describe.skip)("a service", () => {
    it("that negotiates what is promised has no problem", async () => {
        expect(await probed({ ecdhCurve: "X25519MLKEM768", ciphers: "TLS_AES_256_GCM_SHA384" })).toEqual({
            group: "X25519MLKEM768",
            cipher: "TLS_AES_256_GCM_SHA384",
        });
    });

    it("with another cipher says which, and what to use", async () => {
        expect(await probed({ ecdhCurve: "X25519MLKEM768", ciphers: "TLS_CHACHA20_POLY1305_SHA256" })).toEqual({
            group: "X25519MLKEM768",
            cipher: "TLS_CHACHA20_POLY1305_SHA256",
            problem:
                "negotiated TLS_CHACHA20_POLY1305_SHA256 instead of TLS_AES_256_GCM_SHA384; use the Caddy of this package (`npm run tools`)",
        });
    });

    it("without the post-quantum group fails the handshake: none else is offered", async () => {
        expect(await probed({ ecdhCurve: "X25519" })).toEqual({
            problem: expect.stringMatching(/^the TLS handshake failed: /),
        });
    });

    it("with a certificate of another authority, or for another name, is not the relay's", async () => {
        const other = await createAuthority({
            ...{ appName: "corp", subnet: "10.8.0.0/24", algorithm: "ecdsa-p256" },
            ...{ now: new Date(), crypto: webcrypto },
        });
        expect(await probed({ ecdhCurve: "X25519MLKEM768" }, other.certificate)).toEqual({
            problem: expect.stringMatching(/^the TLS handshake failed: /),
        });
        const wrong = await issueLeaf({
            ...{ appName: "corp", algorithm: "ecdsa-p256", now: new Date(), crypto: webcrypto },
            ...{ authority, service: "other", addresses: [ADDRESS] },
        });
        const options = { ecdhCurve: "X25519MLKEM768", cert: wrong.certificate, key: wrong.privateKey };
        expect(await probed(options)).toEqual({ problem: expect.stringContaining("wiki.corp.internal") });
    });
});
