import { AsyncLocalStorage } from "node:async_hooks";

import { TunnelError } from "../../core/errors.js";
import type { ComponentTable, RemoteComponent } from "./components/component.js";
import { RpcFailure } from "./failures.js";
import { redact, unmarshal } from "./properties.js";
import type { ConstructRequest, ConstructResponse } from "./service.js";

/** The constructs of this process. Each has an engine, options and errors of its own. */
export class Constructs {
    private readonly running = new Set<Construct>();
    private readonly current = new AsyncLocalStorage<Construct>();
    private isListening = false;

    constructor(private readonly table: ComponentTable) {}

    /** @param engine where the engine listens */
    async construct(request: ConstructRequest, engine: string | undefined): Promise<ConstructResponse> {
        const { message, structs } = request;
        const { secretTexts } = unmarshal(structs.inputs);
        const construct = new Construct();
        this.running.add(construct);
        try {
            const component = this.componentOf(message.getType());
            if (engine === undefined) throw new Error("the engine did not say where it listens");
            this.listen();
            const answer = this.current.run(construct, () => component.construct(request, engine));
            return await Promise.race([answer, construct.failure]);
        } catch (error) {
            throw new RpcFailure(
                error,
                (text) => redact(text, secretTexts),
                () => undefined,
            );
        } finally {
            this.running.delete(construct);
        }
    }

    private componentOf(token: string): RemoteComponent {
        const type = token.replace(/^.*:/, "");
        const entry = Object.hasOwn(this.table, type) ? this.table[type] : undefined;
        if (entry !== undefined) return entry.load();
        throw new TunnelError(
            token,
            "this version of the plugin has no such component",
            "use the plugin of the version that the program's SDK was generated from",
        );
    }

    /**
     * What fails inside a component, nobody waits for: a value that is computed later, a resource that the engine refuses. Such
     * a failure ends its construct and nothing else in this process.
     */
    private listen(): void {
        if (this.isListening) return;
        this.isListening = true;
        process.on("unhandledRejection", (error) => {
            const own = this.current.getStore();
            const failed = own === undefined ? [...this.running] : [own];
            if (failed.length === 0) process.stderr.write(`pulumi-resource-qptunnel: ${String(error)}\n`);
            for (const construct of failed) construct.fail(error);
        });
    }
}

/** One construct, which may fail from outside. */
class Construct {
    readonly failure: Promise<never>;
    fail: (error: unknown) => void = () => {};

    constructor() {
        this.failure = new Promise((_resolve, reject) => (this.fail = reject));
        // Also where nothing races with it any more.
        this.failure.catch(() => {});
    }
}
