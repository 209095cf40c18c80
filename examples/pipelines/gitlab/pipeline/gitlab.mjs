// What a pipeline writes on GitLab, with Node alone. FORGE_TOKEN is a token of the project with the scope `api`.
//
//   node pipeline/gitlab.mjs note FILE     the merge request's comment; the next run replaces it
//   node pipeline/gitlab.mjs issue FILE    one issue for as long as the relay differs from its program
//   node pipeline/gitlab.mjs close         closes that issue, if it is open
import { existsSync, readFileSync } from "node:fs";

const { CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID, CI_PIPELINE_URL, FORGE_TOKEN = "" } = process.env;
const MARK = "<!-- qp-tunnel review -->\n";
const TITLE = "The relay differs from its program";

async function request(method, path, body) {
    const response = await fetch(`${CI_API_V4_URL}/projects/${CI_PROJECT_ID}/${path}`, {
        method,
        headers: { "private-token": FORGE_TOKEN, "content-type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
}

/** Every entry of a list, which comes in pages. */
async function* all(path) {
    for (let page = "1"; page;) {
        const response = await request("GET", `${path}&per_page=100&page=${page}`);
        yield* await response.json();
        page = response.headers.get("x-next-page");
    }
}

async function note(file) {
    const notes = `merge_requests/${CI_MERGE_REQUEST_IID}/notes`;
    const body = MARK + readFileSync(file, "utf8");
    for await (const { id, body: earlier } of all(`${notes}?sort=asc`))
        if (earlier.startsWith(MARK)) return request("PUT", `${notes}/${id}`, { body });
    return request("POST", notes, { body });
}

async function openIssue() {
    for await (const { iid } of all("issues?state=opened&labels=drift")) return iid;
    return undefined;
}

async function issue(file) {
    const failed = `The comparison failed before it began: ${CI_PIPELINE_URL}`;
    const description = existsSync(file) ? readFileSync(file, "utf8") : failed;
    const iid = await openIssue();
    if (iid === undefined) await request("POST", "issues", { title: TITLE, labels: "drift", description });
    else await request("PUT", `issues/${iid}`, { description });
}

async function close() {
    const iid = await openIssue();
    if (iid === undefined) return;
    await request("POST", `issues/${iid}/notes`, { body: "The relay is as its program says." });
    await request("PUT", `issues/${iid}`, { state_event: "close" });
}

const [verb, file] = process.argv.slice(2);
const verbs = { note, issue, close };
if (!(verb in verbs)) throw new Error("usage: node pipeline/gitlab.mjs note FILE | issue FILE | close");
await verbs[verb](file);
