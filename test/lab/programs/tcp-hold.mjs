// A TCP connection that stays open: `tcp-hold.mjs listen|connect ADDRESS PORT [KEEPALIVE]`. A listener takes one. Says {"ready":true} when it
// listens or is connected, {"open":true} when there is a connection, {"received"} what comes and {"closed"} with the error's code when it is
// over; sends each line of stdin, and ends with it.
import net from "node:net";
import { createInterface } from "node:readline";

const [how, address, port, keepalive] = process.argv.slice(2);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
let connection;

if (how === "listen") {
    const server = net.createServer((socket) => hold(socket));
    server.listen(Number(port), address, () => say({ ready: true }));
} else {
    const socket = net.connect(Number(port), address, () => {
        hold(socket);
        say({ ready: true });
    });
    socket.on("error", ({ message }) => process.stderr.write(`${message}\n`));
}

function hold(socket) {
    connection = socket;
    let code = "end";
    if (keepalive) socket.setKeepAlive(true, Number(keepalive));
    socket.on("data", (data) => say({ received: data.toString().trim() }));
    socket.on("error", (error) => (code = error.code));
    socket.on("close", () => say({ closed: code }));
    say({ open: true });
}

createInterface(process.stdin)
    .on("line", (line) => connection?.write(`${line}\n`))
    .on("close", () => process.exit(0));
