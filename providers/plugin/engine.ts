import type * as grpc from "@grpc/grpc-js";

import { type Severity } from "../resources/resource.js";

/** The engine's log: lines arrive in the order they were given, each attached to a resource. */
export class EngineLog {
    private address: string | undefined;
    private client: LogClient | undefined;
    private lines: Promise<void> = Promise.resolve();

    /** @param address where the engine listens; without one, lines go to standard error */
    constructor(address: string | undefined) {
        this.address = address;
    }

    /** Where the engine listens; it also says so to a plugin that was running before it. */
    get engineAddress(): string | undefined {
        return this.address;
    }

    attach(address: string): void {
        this.client?.close();
        this.client = undefined;
        this.address = address;
    }

    line(severity: Severity, urn: string, message: string): void {
        this.lines = this.lines.then(() => this.send(severity, urn, message));
    }

    /** Waits until every line given so far has arrived. */
    async flush(): Promise<void> {
        await this.lines;
    }

    private async send(severity: Severity, urn: string, message: string): Promise<void> {
        if (this.address === undefined) {
            process.stderr.write(`${severity}: ${message}\n`);
            return;
        }
        this.client ??= connect(this.address);
        try {
            await this.client.log(severity, urn, message);
        } catch (error) {
            // The engine is gone. What the resource does must be finished all the same.
            process.stderr.write(`${severity}: ${message} (not delivered: ${String(error)})\n`);
        }
    }
}

interface LogClient {
    log(severity: Severity, urn: string, message: string): Promise<void>;
    close(): void;
}

/** The engine's classes are loaded with the first line: most calls log nothing. */
function connect(address: string): LogClient {
    const { credentials } = require("@grpc/grpc-js") as typeof grpc;
    const { EngineClient } =
        require("@pulumi/pulumi/proto/engine_grpc_pb") as typeof import("@pulumi/pulumi/proto/engine_grpc_pb");
    const { LogRequest, LogSeverity } =
        require("@pulumi/pulumi/proto/engine_pb") as typeof import("@pulumi/pulumi/proto/engine_pb");
    const severities = {
        debug: LogSeverity.DEBUG,
        info: LogSeverity.INFO,
        warning: LogSeverity.WARNING,
        error: LogSeverity.ERROR,
    };
    const client = new EngineClient(address, credentials.createInsecure());
    return {
        log: (severity, urn, message) => {
            const request = new LogRequest();
            request.setSeverity(severities[severity]);
            request.setUrn(urn);
            request.setMessage(message);
            return new Promise((resolve, reject) =>
                client.log(request, (error) => {
                    if (error) {
                        reject(error);
                    } else {
                        resolve();
                    }
                }),
            );
        },
        close: () => client.close(),
    };
}
