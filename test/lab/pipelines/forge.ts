import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** An issue, as a person sees it. */
export interface Issue {
    title: string;
    body: string;
    state: "open" | "closed";
}

/** A double of GitHub: the program `gh`, whose comments and issues are in a file. */
export class GitHubDouble {
    /** For the environment of the program. */
    readonly env: Record<string, string>;
    readonly #file: string;

    /** @param bin where programs are found */
    constructor(folder: string, bin: string) {
        this.#file = join(folder, "github.json");
        this.env = { FORGE_FILE: this.#file };
        writeFileSync(this.#file, JSON.stringify({ comments: {}, labels: [], issues: [] }));
        const command = `exec "${process.execPath}" "${join(__dirname, "gh.mjs")}" "$@"`;
        writeFileSync(join(bin, "gh"), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
    }

    comments(pullRequest: number): string[] {
        return this.#read().comments[pullRequest] ?? [];
    }

    get issues(): Issue[] {
        return this.#read().issues;
    }

    #read(): { comments: Record<string, string[]>; issues: Issue[] } {
        return JSON.parse(readFileSync(this.#file, "utf8")) as { comments: Record<string, string[]>; issues: Issue[] };
    }
}

interface Answer {
    status: number;
    body: unknown;
    headers?: Record<string, string>;
}

/** A double of GitLab's API: notes of merge requests, and issues. Lists have two entries a page. */
export class GitLabDouble {
    readonly token = "glpat-double";
    readonly notes: Record<string, { id: number; body: string }[]> = {};
    readonly labelled: (Issue & { iid: number; labels: string; notes: string[] })[] = [];
    #next = 1;

    private constructor(private readonly server: Server) {}

    static async start(): Promise<GitLabDouble> {
        const server = createServer((request, response) => void double.#answer(request, response));
        const double = new GitLabDouble(server);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return double;
    }

    get url(): string {
        return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/api/v4`;
    }

    get issues(): Issue[] {
        return this.labelled;
    }

    comments(mergeRequest: number): string[] {
        return (this.notes[mergeRequest] ?? []).map(({ body }) => body);
    }

    stop(): void {
        this.server.close();
    }

    async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
        let text = "";
        for await (const chunk of request) text += String(chunk);
        const url = new URL(request.url ?? "", "http://double");
        const {
            status,
            body,
            headers = {},
        } = request.headers["private-token"] === this.token
            ? this.#do(`${request.method} ${url.pathname.replace("/api/v4/projects/42/", "")}`, url, text)
            : { status: 401, body: { message: "401 Unauthorized" } };
        response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    }

    #do(what: string, { searchParams }: URL, text: string): Answer {
        const given = (text === "" ? {} : JSON.parse(text)) as Record<string, string>;
        const [, iid = "", id = ""] = /^\w+ (?:merge_requests|issues)\/(\d+)(?:\/notes(?:\/(\d+))?)?$/.exec(what) ?? [];
        const notes = (this.notes[iid] ??= []);
        const issue = this.labelled.find((each) => String(each.iid) === iid);
        switch (what.replace(/\d+/g, "N")) {
            case "GET merge_requests/N/notes":
                return page(notes, searchParams);
            case "POST merge_requests/N/notes":
                notes.push({ id: this.#next++, body: given["body"]! });
                return { status: 201, body: notes.at(-1) };
            case "PUT merge_requests/N/notes/N":
                notes.find((note) => String(note.id) === id)!.body = given["body"]!;
                return { status: 200, body: {} };
            case "GET issues":
                return page(
                    this.labelled.filter(
                        ({ state, labels }) =>
                            state === (searchParams.get("state") ?? "").replace("opened", "open") &&
                            labels === searchParams.get("labels"),
                    ),
                    searchParams,
                );
            case "POST issues": {
                const { title = "", description = "", labels = "" } = given;
                this.labelled.push({ iid: this.#next++, title, body: description, labels, state: "open", notes: [] });
                return { status: 201, body: this.labelled.at(-1) };
            }
            case "PUT issues/N":
                if (issue === undefined) return { status: 404, body: { message: "404 Not found" } };
                if (given["description"] !== undefined) issue.body = given["description"];
                if (given["state_event"] === "close") issue.state = "closed";
                return { status: 200, body: issue };
            case "POST issues/N/notes":
                issue?.notes.push(given["body"]!);
                return { status: 201, body: {} };
            default:
                return { status: 404, body: { message: `this double knows no ${what}` } };
        }
    }
}

function page(all: unknown[], query: URLSearchParams): Answer {
    const size = 2;
    const number = Number(query.get("page") ?? 1);
    const next = all.length > number * size ? String(number + 1) : "";
    return { status: 200, body: all.slice((number - 1) * size, number * size), headers: { "x-next-page": next } };
}
