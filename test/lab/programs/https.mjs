// One HTTPS request. Asked by JSON on stdin, answers with JSON on stdout: what came back, or why nothing did.
import https from "node:https";
import { json } from "node:stream/consumers";

const { address, port, servername, path, ca, groups, sigalgs, timeout } = await json(process.stdin);

const request = https.request({
    host: address,
    port,
    path,
    servername,
    ca,
    ...(groups === undefined ? {} : { ecdhCurve: groups }),
    sigalgs,
    headers: { host: `${servername || address}:${port}` },
    agent: false,
    timeout,
});
request.on("timeout", () => request.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
request.on("error", (error) => answer({ error: error.code ?? error.message, message: error.message }));
request.on("response", (response) => {
    const { socket } = response;
    const negotiated = {
        protocol: socket.getProtocol(),
        cipher: socket.getCipher().standardName,
        group: socket.getEphemeralKeyInfo().name,
        subject: socket.getPeerCertificate().subjectaltname,
    };
    let body = "";
    response.setEncoding("utf8");
    response.on("data", (chunk) => (body += chunk));
    response.on("end", () => answer({ status: response.statusCode, body, ...negotiated }));
});
request.end();

function answer(result) {
    process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
