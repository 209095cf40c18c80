// Requests with headers of the caller's choice: `forge-headers.mjs`, asked by JSON on stdin: {address, port, ca, http2, requests: [{path, headers: [[name, value], …],
// trailers}]}. Answers with a JSON list on stdout: the body of each response, or {"error"}.
import http2 from "node:http2";
import https from "node:https";
import { json, text } from "node:stream/consumers";

const { address, port, ca, http2: second, requests } = await json(process.stdin);
const agent = new https.Agent({ ca, keepAlive: true, maxSockets: 8 });
const session = second ? http2.connect(`https://${address}:${port}`, { ca }) : undefined;

const answers = await Promise.all(
    requests.map((each) => (second ? ask2(each) : ask1(each)).catch(({ message }) => ({ error: message }))),
);
session?.close();
process.stdout.write(`${JSON.stringify(answers)}\n`, () => process.exit(0));

function ask1({ path, headers, trailers = [] }) {
    return new Promise((resolve, reject) => {
        const all = [["Host", `${address}:${port}`], ...headers];
        if (trailers.length > 0)
            all.push(["Transfer-Encoding", "chunked"], ["Trailer", trailers.map(([name]) => name).join(", ")]);
        const request = https.request({
            host: address,
            port,
            path,
            agent,
            method: trailers.length > 0 ? "POST" : "GET",
            headers: all.flat(),
        });
        request.on("error", reject);
        request.on("upgrade", () => resolve({ error: "upgraded" }));
        request.on("response", (response) => resolve(text(response).then(JSON.parse)));
        if (trailers.length > 0) request.addTrailers(trailers);
        request.end(trailers.length > 0 ? "body" : undefined);
    });
}

function ask2({ path, headers }) {
    const fields = { ":path": path };
    for (const [name, value] of headers) fields[name.toLowerCase()] = value;
    return text(session.request(fields)).then(JSON.parse);
}
