// An upstream that takes its time: `stream-server.mjs ADDRESS PORT`. A request to /slow is answered by halves, the second when stdin
// says "finish", one to /headers with the headers and trailers that came; whoever asks for a WebSocket gets every text back. Says {"ready":true}, then {"request"} for each; ends with its stdin.
import { createHash } from "node:crypto";
import http from "node:http";
import { createInterface } from "node:readline";

const [address, port] = process.argv.slice(2);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const waiting = [];

const server = http.createServer((request, response) => {
    if (request.url === "/headers") {
        request
            .resume()
            .on("end", () =>
                response.end(JSON.stringify({ headers: request.rawHeaders, trailers: request.rawTrailers })),
            );
        return;
    }
    response.write("first half, ");
    waiting.push(() => response.end("second half"));
    say({ request: request.url });
});
server.on("upgrade", (request, socket) => {
    // RFC 6455: the handshake, then frames that are short, whole and masked.
    const accept = createHash("sha1").update(
        `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
    );
    const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.write([...head, `Sec-WebSocket-Accept: ${accept.digest("base64")}`, "", ""].join("\r\n"));
    socket.on("data", (frame) => {
        if ((frame[0] & 0x0f) !== 1) return socket.end();
        const length = frame[1] & 0x7f;
        const text = frame.subarray(6, 6 + length).map((byte, index) => byte ^ frame[2 + (index % 4)]);
        socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
    });
    socket.on("error", () => socket.destroy());
    say({ request: request.url });
});
server.listen(Number(port), address, () => say({ ready: true }));
createInterface(process.stdin)
    .on("line", () => waiting.splice(0).forEach((finish) => finish()))
    .on("close", () => process.exit(0));
