// An upstream: `http-server.mjs ADDRESS PORT TEXT [PEM]`, with TLS when PEM names a file of key and certificate. Says {"ready":true}, then one line for each request; ends with its stdin.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";

const [address, port, text, pem] = process.argv.slice(2);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const server = pem ? https.createServer({ key: readFileSync(pem), cert: readFileSync(pem) }) : http.createServer();
server.on("request", (request, response) => {
    say({ request: request.url, from: request.socket.remoteAddress });
    response.setHeader("content-type", "text/plain");
    response.end(text);
});
server.listen(Number(port), address, () => say({ ready: true }));
process.stdin.resume().on("end", () => process.exit(0));
