import { execFileSync } from "node:child_process";

import { type JobOutcome, Machine, type World } from "./machine.js";
import type { Resource } from "./resources.js";

// Does what the Pulumi Kubernetes operator does for a Stack whose source is a git repository: for each new commit of the branch
// a workspace of its own, in it `pulumi install`, the stack, `pulumi up`; after a failure the same again in the same
// workspace. Containers beside the workspace's own, and jobs on a schedule, run as their resources say.

interface StackSpec {
    projectRepo: string;
    branch: string;
    shallow?: boolean;
    stack: string;
    useLocalStackOnly?: boolean;
    refresh?: boolean;
    envRefs: Record<string, Reference>;
    workspaceTemplate: { spec: { podTemplate: { spec: { containers: Container[] } } } };
}

interface Reference {
    type: string;
    literal?: { value: string };
    secret?: { name: string; key: string };
}

interface Container {
    name: string;
    command?: string[];
    workingDir?: string;
    env?: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
}

/** What the resources say, and what stands for it in the laboratory: a URL or path, by its beginning. */
export type Places = Record<string, string>;

export class Operator {
    readonly #spec: StackSpec;
    #workspace: { machine: Machine; commit: string } | undefined;
    #succeeded: string | undefined;

    /** @param resources of the cluster; `world.settings` has its secrets, as `name/key` */
    constructor(
        private readonly resources: Resource[],
        private readonly world: World,
        private readonly places: Places,
    ) {
        this.#spec = this.#find("Stack")["spec"] as StackSpec;
    }

    /** Brings the stack to the newest commit of its branch. Nothing is done when it is there already. */
    async reconcile(): Promise<JobOutcome> {
        const head = execFileSync("git", ["ls-remote", this.world.origin, `refs/heads/${this.#spec.branch}`], { encoding: "utf8" }); // prettier-ignore
        const commit = head.split("\t")[0]!;
        if (commit === this.#succeeded) return { result: "skipped", text: "" };
        const isNew = this.#workspace?.commit !== commit;
        if (isNew) this.#workspace = { commit, machine: this.#fetched() };
        const { machine } = this.#workspace!;
        const already = machine.text.length;
        const commands = [...(isNew ? ["pulumi install"] : []), ...this.#update()];
        let isFine = true;
        for (const command of commands) isFine &&= (await this.#run(machine, command, this.#variables())) === 0;
        if (isFine) this.#succeeded = commit;
        return { result: isFine ? "success" : "failure", text: machine.text.slice(already) };
    }

    /**
     * Runs a container that is beside the workspace's own, in the newest workspace.
     *
     * @param instead of the last word of its command, which would run for ever
     */
    async beside(name: string, instead: string): Promise<JobOutcome> {
        const { containers } = this.#spec.workspaceTemplate.spec.podTemplate.spec;
        const container = containers.find((each) => each.name === name);
        const { machine } = this.#workspace ?? {};
        if (container?.command === undefined || machine === undefined) throw new Error(`no container ${name} runs`);
        const command = [...container.command.slice(0, -1), instead];
        return this.#container(machine, container, command, { "/share/workspace": machine.clone });
    }

    /** Runs a job of a schedule once, on a machine of its own. */
    async job(name: string): Promise<JobOutcome> {
        const { spec } = this.#find("CronJob", name) as unknown as {
            spec: { jobTemplate: { spec: { template: { spec: { containers: Container[] } } } } };
        };
        const [container] = spec.jobTemplate.spec.template.spec.containers;
        return this.#container(new Machine(this.world, name), container!, container!.command!, {});
    }

    #fetched(): Machine {
        const machine = new Machine(this.world, "workspace");
        const { branch, shallow = false, projectRepo } = this.#spec;
        if (this.#placed(projectRepo) !== `file://${this.world.origin}`) throw new Error(`what is at ${projectRepo}?`);
        machine.check(`refs/heads/${branch}`, shallow ? 1 : 0, false);
        return machine;
    }

    #update(): string[] {
        const { stack, useLocalStackOnly = false, refresh = false } = this.#spec;
        const select = `pulumi stack select ${useLocalStackOnly ? "" : "--create "}${stack}`;
        return [select, `pulumi up --yes --skip-preview --diff${refresh ? " --refresh" : ""}`];
    }

    async #container(
        machine: Machine,
        { env = [] }: Container,
        command: string[],
        places: Places,
    ): Promise<JobOutcome> {
        const already = machine.text.length;
        const variables = env.map(({ name, value, valueFrom }): [string, string] => {
            if (valueFrom === undefined) return [name, this.#placed(value ?? "", places)];
            return [name, this.#secret(valueFrom.secretKeyRef)];
        });
        const quoted = command.map((word) => `'${this.#placed(word, places).replaceAll("'", "'\\''")}'`).join(" ");
        const code = await this.#run(machine, quoted, Object.fromEntries(variables));
        return { result: code === 0 ? "success" : "failure", text: machine.text.slice(already) };
    }

    #run(machine: Machine, command: string, env: Record<string, string>): Promise<number | null> {
        return machine.bash(command, env, ["sh", "-c"]);
    }

    #variables(): Record<string, string> {
        return Object.fromEntries(
            Object.entries(this.#spec.envRefs).map(([name, { type, literal, secret }]): [string, string] => {
                if (type === "Literal" && literal !== undefined) return [name, this.#placed(literal.value)];
                if (type === "Secret" && secret !== undefined) return [name, this.#secret(secret)];
                throw new Error(`envRefs.${name}: a ${type} without its value`);
            }),
        );
    }

    #secret({ name, key }: { name: string; key: string }): string {
        const value = this.world.settings[`${name}/${key}`];
        if (value === undefined) throw new Error(`there is no secret ${name} with the key ${key}`);
        return value;
    }

    /** A value of a resource, with the laboratory's places in it. */
    #placed(text: string, more: Places = {}): string {
        const [from, to] = Object.entries({ ...this.places, ...more }).find(([each]) => text.startsWith(each)) ?? [];
        return from === undefined ? text : `${to}${text.slice(from.length)}`;
    }

    #find(kind: string, name?: string): Resource {
        const found = this.resources.filter((each) => each.kind === kind && (name ?? each.metadata.name) === each.metadata.name); // prettier-ignore
        if (found.length !== 1) throw new Error(`${found.length} resources are a ${kind} ${name ?? ""}`);
        return found[0]!;
    }
}
