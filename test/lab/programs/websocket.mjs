// A WebSocket that stays open: `websocket.mjs URL`, with NODE_EXTRA_CA_CERTS for whom to trust. Sends each line of stdin; says {"ready":true} when it is
// open, {"received"} for each text that comes back and {"closed"} with the code when the other side ends it; ends with its stdin.
import { createInterface } from "node:readline";

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const socket = new WebSocket(process.argv[2]);
socket.addEventListener("open", () => say({ ready: true }));
socket.addEventListener("message", ({ data }) => say({ received: data }));
socket.addEventListener("close", ({ code }) => say({ closed: code }));
socket.addEventListener("error", ({ message }) => process.stderr.write(`${message}\n`));
createInterface(process.stdin)
    .on("line", (line) => socket.send(line))
    .on("close", () => process.exit(0));
