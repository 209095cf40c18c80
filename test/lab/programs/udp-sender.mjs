// Numbered datagrams that expect no answer: `udp-sender.mjs ADDRESS PORT RATE`. Says {"ready":true}, then {"sent"} every 10
// datagrams; an error, as while there is no route, does not end it. Ends with its stdin.
import dgram from "node:dgram";
import net from "node:net";

const [address, port, rate] = process.argv.slice(2);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const socket = dgram.createSocket(net.isIPv6(address) ? "udp6" : "udp4");
let sent = 0;
socket.on("error", () => {});
setInterval(
    () => {
        socket.send(`sent ${sent++}`, Number(port), address, () => {});
        if (sent % 10 === 0) say({ sent });
    },
    1000 / Number(rate),
);
process.stdin.resume().on("end", () => process.exit(0));
say({ ready: true });
