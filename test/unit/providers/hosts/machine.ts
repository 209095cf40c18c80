import * as connections from "../../../../providers/hosts/connection.js";
import type { Connection } from "../../../../providers/hosts/connectionTypes.js";
import { type HostDescriptor, hostKeyOf } from "../../../../providers/hosts/descriptors.js";
import { facts } from "../../../../core/protocol/facts.js";
import { formatBundle, parseBundle, type Files } from "../../../../core/protocol/bundle.js";
import type { Part, Step } from "../../../../core/protocol/steps.js";
import { linesOf } from "../../../../core/protocol/table.js";

/** One step, as it came over the connection. */
export interface Asked {
    step: Step;
    values: Record<string, string>;
    files: Files;
    newConnection: boolean;
}

const PARTS = ["host", "firewall", "wireguard", "proxy", "grants"];

let machines = 0;

/**
 * A machine with a relay, without its kernel: what the relay's program keeps in /etc (owner, id, generation, record, marks, journal), and
 * what it refuses because of that, in the order of `main.sh`. What a step answers besides a test says.
 */
export class Machine {
    id = "m1";
    owner: string | undefined;
    relayId: string | undefined;
    generation: number | undefined;
    auditMark: string | undefined;
    rolledBack: string | undefined;
    cutOff: string | undefined;
    marks: Partial<Record<string, string>> = {};
    journal: string[] = [];
    /** Why no connection can be made to it. */
    unreachable: Error | undefined;
    /** What a step answers besides, or instead: `refused`, `error`. */
    readonly says: Partial<Record<Step, (asked: Asked) => Files>> = {};
    readonly asked: Asked[] = [];

    /** By default one of its own for each, as this process remembers what it knows of a host. */
    constructor(readonly host: HostDescriptor = { kind: "local", namespace: `machine${(machines += 1)}` }) {}

    /** Steps that were asked of it, in order. */
    get steps(): Step[] {
        return this.asked.map(({ step }) => step);
    }

    /** The last time that a step was asked. */
    last(step: Step): Asked {
        const asked = this.asked.findLast((each) => each.step === step);
        if (asked === undefined) throw new Error(`${step} was never asked: ${this.steps.join(" ")}`);
        return asked;
    }

    connection(): Connection {
        return {
            remote: this.host.kind === "ssh",
            ask: (input, options) => Promise.resolve().then(() => this.run(input, options?.newConnection === true)),
            stream: () => {
                throw new Error("no streams here");
            },
        };
    }

    private run(input: string, newConnection: boolean): { code: number; stdout: string; stderr: string } {
        if (this.unreachable !== undefined) throw this.unreachable;
        const { manifest, ...files } = parseBundle(input);
        const values = Object.fromEntries(
            linesOf(manifest).map((line): [string, string] => [
                line.split("\t")[0]!,
                line.slice(line.indexOf("\t") + 1),
            ]),
        );
        const asked: Asked = { step: values.step as Step, values, files, newConnection };
        this.asked.push(asked);
        const answer = this.answer(asked);
        const isDone = answer.stale === undefined && answer.refused === undefined && answer.error === undefined;
        const stdout = formatBundle(isDone ? { ...answer, done: "" } : answer);
        return { code: isDone ? 0 : 1, stdout, stderr: answer.error === undefined ? "" : "it went wrong\n" };
    }

    private answer(asked: Asked): Files {
        const { step, values } = asked;
        if (step === "facts") return { facts: this.facts(), journal: this.journal.map((line) => `${line}\n`).join("") };
        if (!this.isOwn(values))
            return { refused: `${values.etc} belongs to ${this.owner}, this is ${values.owner}\nfix\n` };
        if (values.expected !== undefined && Number(values.expected) !== (this.generation ?? 0))
            return { stale: `${this.generation ?? 0}\n` };
        const [part = "", action] = step.split("-");
        if (action === "delete" && this.marks[part] !== values.id) return { skipped: "skipped\n" };
        const said = this.says[step]?.(asked) ?? {};
        if (said.refused !== undefined || said.error !== undefined) return said;
        if (step === "read") return { ...this.read(values.what ?? ""), ...said };
        if (step === "remove" || step === "host-delete") this.clear();
        else if (action === "delete") delete this.marks[part];
        else if (PARTS.includes(step)) this.apply(step as Part, values);
        else if (step !== "confirm" && step !== "removals") return said;
        return { ...said, ...this.commit(values) };
    }

    private read(part: string): Files {
        const mark = this.marks[part];
        if (mark === undefined) return { missing: `${part}\n` };
        return { mark: `${mark}\n`, ...(this.auditMark === undefined ? {} : { auditmark: `${this.auditMark}\n` }) };
    }

    private apply(part: Part, { id, owner, relayId }: Record<string, string>): void {
        this.marks[part] = id;
        if (part !== "host") return;
        this.owner = owner;
        this.relayId = relayId;
    }

    private clear(): void {
        this.marks = {};
        this.owner = this.relayId = this.generation = this.auditMark = undefined;
    }

    private commit({ auditMark, journal }: Record<string, string>): Files {
        const generation = (this.generation ?? 0) + 1;
        if (this.owner !== undefined) this.generation = generation;
        if (this.owner !== undefined && auditMark !== undefined) {
            this.auditMark = auditMark;
            this.rolledBack = this.cutOff = undefined;
            this.journal = this.journal.slice(Number(journal ?? 0));
        }
        return { generation: `${generation}\n` };
    }

    private isOwn({ owner, relayId, id, formerOwner, formerRelayId }: Record<string, string>): boolean {
        if (this.owner === undefined) return true;
        if (this.relayId !== undefined && [relayId, formerRelayId].includes(this.relayId)) return true;
        if (id !== undefined && Object.values(this.marks).includes(id)) return true;
        return [owner, formerOwner].includes(this.owner);
    }

    private facts(): string {
        const { id: machine, generation, auditMark, owner, relayId, rolledBack, cutOff } = this;
        const mark = Object.values(this.marks).map(String);
        return facts.render({
            ...{ machine, generation, auditMark, rolledBack, cutOff, owner, relayId, mark },
            ...{ address: ["eth0 192.0.2.7/24"], route: ["default eth0 192.0.2.1"] },
        });
    }
}

/** Connections lead to these machines for the rest of a test, and nowhere else. */
export function connect(...machines: Machine[]): void {
    jest.spyOn(connections, "connectionTo").mockImplementation((host) => {
        const machine = machines.find((each) => hostKeyOf(each.host) === hostKeyOf(host));
        if (machine === undefined) throw new Error(`no machine at ${hostKeyOf(host)}`);
        return machine.connection();
    });
}
