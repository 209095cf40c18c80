// Sends every datagram back: `udp-echo.mjs ADDRESS PORT`. Says {"ready":true}, then one line for each datagram of a new sender or
// that is not a probe's; ends with its stdin.
import dgram from "node:dgram";
import net from "node:net";

const [address, port] = process.argv.slice(2);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const senders = new Set();

const socket = dgram.createSocket({ type: net.isIPv6(address) ? "udp6" : "udp4", recvBufferSize: 1 << 22 });
socket.on("message", (datagram, { address, port }) => {
    socket.send(datagram, port, address);
    const text = datagram.toString();
    if (senders.has(address) && text.startsWith("probe ")) return;
    senders.add(address);
    say({ from: address, text });
});
socket.bind(Number(port), address, () => say({ ready: true }));
process.stdin.resume().on("end", () => process.exit(0));
