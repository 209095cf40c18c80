import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ExecOptions, type Outcome, Program, execute, programPath, punctual } from "./processes.js";
import { Probe } from "./probe.js";
import type { Carrier } from "./prerequisites.js";

/** Where a machine is connected: its address on the two networks there are. Its interfaces are called "wan" and "lan". */
export interface Place {
    wan?: string;
    lan?: string;
}

/** What became of a connection. A firewall that drops is "timeout". */
export type Reach = "open" | "refused" | "timeout" | "unreachable";

export interface ConnectOptions {
    /** Source address and port. Default: the kernel's choice. */
    from?: string;
    fromPort?: number;
    /** Milliseconds, 1500 by default. */
    timeout?: number;
}

export interface HttpsRequest {
    address: string;
    port: number;
    /** The only authority trusted, PEM. */
    ca: string;
    /** Name to ask for and to find in the certificate. Default: the address. */
    servername?: string;
    /** Default "/". */
    path?: string;
    /** Key exchange offered, as in OpenSSL's group list. Default: Node's. */
    groups?: string;
    /** Signature algorithms accepted, as in OpenSSL's list. Default: Node's. */
    sigalgs?: string;
    /** Milliseconds, 30 000 by default: only a fault takes that long. */
    timeout?: number;
}

/** Either what came back, or `error` (a code such as "ETIMEDOUT") and `message`. */
export interface HttpsAnswer {
    status?: number;
    body?: string;
    /** "TLSv1.3" */
    protocol?: string;
    /** "TLS_AES_256_GCM_SHA384" */
    cipher?: string;
    /** "X25519MLKEM768" */
    group?: string;
    /** The certificate's subject alternative names. */
    subject?: string;
    error?: string;
    message?: string;
}

/** A request with headers that a client makes up: names and values. */
export interface ForgedRequest {
    headers: [string, string][];
    trailers?: [string, string][];
}

/** What an upstream got of it: names and values in turn. */
export interface SeenRequest {
    headers?: string[];
    trailers?: string[];
    error?: string;
}

/** A server of the laboratory. */
export interface Server {
    /** What it heard: {"request","from"} by HTTP, {"from","text"} by UDP. */
    readonly program: Program;
    stop(): Promise<void>;
}

/** Answers every question for an IPv4 address. */
export interface NameServer extends Server {
    answer(ip: string): Promise<void>;
    /** It cannot answer for now. */
    fail(): Promise<void>;
}

/** Datagrams on their way, whether they arrive or not. */
export interface Sender {
    /** Waits until this many more have been sent than by now. */
    passes(count: number): Promise<void>;
    stop(): Promise<void>;
}

export interface WireGuardInterface {
    interface: string;
    /** For `wg setconf`. */
    config: string;
    /** With prefix length. */
    addresses: string[];
    /** Networks to route into it, besides those of its addresses. */
    routes?: string[];
    /** Bytes, 1420 by default. */
    mtu?: number;
}

/** One machine of a laboratory: a network namespace. */
export class LabNode {
    constructor(
        readonly name: string,
        /** As `ip netns` knows it. */
        readonly namespace: string,
        /** Its addresses on the laboratory's networks. */
        readonly place: Place,
        private readonly folder: string,
        private readonly carrier: Carrier,
    ) {}

    /** Runs a command here; resolves whatever its exit status. */
    exec(argv: string[], options?: ExecOptions): Promise<Outcome> {
        return execute([...this.#prefix, ...argv], options);
    }

    /** Runs a command here that has to succeed; its standard output. */
    async run(argv: string[], options?: ExecOptions): Promise<string> {
        const { code, stdout, stderr } = await this.exec(argv, options);
        if (code !== 0) throw new Error(`${this.name}: ${argv.join(" ")}: exit status ${code}\n${stderr}`);
        return stdout;
    }

    /**
     * Brings up a client's file as it is, with wg-quick.
     *
     * @param privateKey put where a file without a key of its own looks for it
     */
    async wgQuickUp(config: string, name: string, privateKey?: string): Promise<void> {
        if (privateKey !== undefined) writeFileSync(keyFile(name), `${privateKey}\n`, { mode: 0o600 });
        writeFileSync(this.#configFile(name), config, { mode: 0o600 });
        await this.run(["wg-quick", "up", this.#configFile(name)]);
    }

    async wgQuickDown(name: string): Promise<void> {
        await this.run(["wg-quick", "down", this.#configFile(name)]);
        rmSync(this.#configFile(name));
        rmSync(keyFile(name), { force: true });
    }

    /** Makes an interface by hand, without wg-quick or the library. */
    async wireGuard({
        interface: name,
        config,
        addresses,
        routes = [],
        mtu = 1420,
    }: WireGuardInterface): Promise<void> {
        const create =
            this.carrier === "kernel"
                ? ["ip", "link", "add", name, "type", "wireguard"]
                : [...punctual("wireguard-go"), "wireguard-go", name];
        await this.run(create);
        // By file: node gives a child a socket for its standard input, which /dev/stdin cannot open.
        writeFileSync(this.#configFile(name), config, { mode: 0o600 });
        await this.run(["wg", "setconf", name, this.#configFile(name)]);
        const commands = [
            ...addresses.map((address) => `address add ${address} dev ${name}${address.includes(":") ? " nodad" : ""}`),
            `link set ${name} mtu ${mtu} up`,
            ...routes.map((route) => `route replace ${route} dev ${name}`),
        ];
        await this.run(["ip", "-batch", "-"], { input: commands.join("\n") });
    }

    /** Sends everything for a network to one neighbour, as an attacker does who knows what is behind it. */
    async routeTo(network: string, via: string): Promise<void> {
        await this.run(["ip", "route", "replace", network, "via", via]);
    }

    /** Takes an address that belongs to somebody else, to send from. */
    async forge(address: string): Promise<void> {
        await this.run(["ip", "address", "add", address, "dev", "lo"]);
    }

    /** Whether a ping is answered: asks twice a second, for two seconds at most. */
    async ping(address: string, from?: string): Promise<boolean> {
        const source = from === undefined ? [] : ["-I", from];
        const { code } = await this.exec(["ping", "-n", "-c", "1", "-i", "0.5", "-w", "2", ...source, address]);
        return code === 0;
    }

    async tcp(address: string, port: number, options: ConnectOptions = {}): Promise<Reach> {
        return this.#connect("tcp", address, port, options);
    }

    /** Asks a UDP server one question. "open" is an answer; silence is "timeout". */
    async udp(address: string, port: number, options: ConnectOptions = {}): Promise<Reach> {
        return this.#connect("udp", address, port, options);
    }

    async https(request: HttpsRequest): Promise<HttpsAnswer> {
        const { timeout = 30_000 } = request;
        const input = JSON.stringify({ path: "/", servername: "", ...request, timeout });
        const command = [process.execPath, programPath("https")];
        return JSON.parse(await this.run(command, { input, timeout: timeout + 30_000 })) as HttpsAnswer;
    }

    /** Answers every request with one text. With `pem`, a file of key and certificate, over TLS. */
    async httpServer(
        port: number,
        text: string,
        { address = "0.0.0.0", pem = "" }: { address?: string; pem?: string } = {},
    ): Promise<Server> {
        return server(await Program.start(this.#prefix, "http-server", [address, String(port), text, pem]));
    }

    /** Answers /slow by halves, the second when `finish` is called, and sends back what comes over a WebSocket. */
    async streamServer(port: number, address = "0.0.0.0"): Promise<Server & { finish(): void }> {
        const program = await Program.start(this.#prefix, "stream-server", [address, String(port)]);
        return { ...server(program), finish: () => program.tell("finish") };
    }

    /**
     * Opens a WebSocket, and waits until it is open. Each line that it is told is sent.
     *
     * @param caFile the authority trusted besides Node's own
     */
    async webSocket(url: string, caFile: string): Promise<Program> {
        const prefix = [...this.#prefix, "env", `NODE_EXTRA_CA_CERTS=${caFile}`];
        return Program.start(prefix, "websocket", [url]);
    }

    /** Sends requests with headers and trailers of any name, and gives what the upstream at /headers got of each. */
    async forgeHeaders(request: {
        address: string;
        port: number;
        ca: string;
        http2: boolean;
        requests: ForgedRequest[];
    }): Promise<SeenRequest[]> {
        const requests = request.requests.map((each) => ({ path: "/headers", ...each }));
        const input = JSON.stringify({ ...request, requests });
        return JSON.parse(await this.run([process.execPath, programPath("forge-headers")], { input })) as SeenRequest[];
    }

    /** Sends every datagram back. */
    async udpEcho(port: number, address = "0.0.0.0"): Promise<Server> {
        return server(await Program.start(this.#prefix, "udp-echo", [address, String(port)]));
    }

    /** A name server that answers as it is told: see programs/dns.mjs. */
    async nameServer(address: string): Promise<NameServer> {
        const program = await Program.start(this.#prefix, "dns", [address]);
        const tell = async (line: string): Promise<void> => {
            const before = program.messages.length;
            program.tell(line);
            await program.next((message) => message["told"] === line && program.messages.indexOf(message) >= before);
        };
        return { ...server(program), answer: (ip) => tell(`answer ${ip}`), fail: () => tell("fail") };
    }

    /** Sends datagrams that expect no answer, until it is stopped. */
    async sendUdp(address: string, port: number, rate = 100): Promise<Sender> {
        const program = await Program.start(this.#prefix, "udp-sender", [address, String(port), String(rate)]);
        return { passes: (count) => new Probe(program).passes(count), stop: () => program.stop() };
    }

    /** A TCP connection that stays open, or a listener for one. Each line that it is told is sent. */
    async holdTcp(how: "listen" | "connect", address: string, port: number): Promise<Program> {
        return Program.start(this.#prefix, "tcp-hold", [how, address, String(port)]);
    }

    /** Runs a program of the laboratory that needs raw sockets. */
    async raw(program: "icmp-error" | "ping-flood", ...args: (string | number)[]): Promise<string> {
        return this.run(["perl", join(__dirname, "programs", `${program}.pl`), ...args.map(String)]);
    }

    /** Writes every packet that comes or goes here to a file, on every interface, those of tunnels included. */
    async capture(file: string): Promise<Program> {
        return Program.start(this.#prefix, "capture", [file]);
    }

    /**
     * Starts a probe of an echo server, and waits for its first answer.
     *
     * @param rate datagrams a second
     * @param patience milliseconds until the first answer
     */
    async probe(address: string, port: number, rate = 500, patience = 3000): Promise<Probe> {
        const args = [address, String(port), String(rate), String(patience)];
        return new Probe(await Program.start(this.#prefix, "udp-probe", args));
    }

    async #connect(
        protocol: "tcp" | "udp",
        address: string,
        port: number,
        { from = "", fromPort, timeout = 1500 }: ConnectOptions,
    ): Promise<Reach> {
        const args = [protocol, address, String(port), String(timeout), from, String(fromPort ?? "")];
        const answer = (await this.run([process.execPath, programPath("connect"), ...args])).trim();
        if (!REACHES.has(answer)) throw new Error(`${this.name}: ${protocol} to ${address} port ${port}: ${answer}`);
        return answer as Reach;
    }

    get #prefix(): string[] {
        return ["ip", "netns", "exec", this.namespace];
    }

    #configFile(name: string): string {
        return join(this.folder, `${name}.conf`);
    }
}

const REACHES: ReadonlySet<string> = new Set<Reach>(["open", "refused", "timeout", "unreachable"]);

function keyFile(name: string): string {
    return `/etc/wireguard/${name}.key`;
}

function server(program: Program): Server {
    return { program, stop: () => program.stop() };
}
