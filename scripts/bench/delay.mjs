// A way that takes its time: `delay.mjs PORT TO_PORT`, both on 127.0.0.1. Says "ready"; a line on standard input is the round trip of
// connections made from then on, milliseconds; ends with its standard input.

import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";

const [port, target] = process.argv.slice(2).map(Number);
let roundTrip = 0;

createServer({ noDelay: true }, (client) => {
    // The kernel has shaken hands already, at once: that round trip is caught up on with the first bytes.
    const opened = performance.now() + roundTrip;
    const server = connect({ port: target, host: "127.0.0.1", noDelay: true });
    hand(client, server, roundTrip / 2, opened);
    hand(server, client, roundTrip / 2, opened);
}).listen(port, "127.0.0.1", () => console.log("ready"));

createInterface(process.stdin)
    .on("line", (line) => (roundTrip = Number(line)))
    .on("close", () => process.exit(0));

/** Bytes arrive in order, each `delay` after it was sent, and none before `opened`. */
function hand(from, to, delay, opened) {
    const later = (act) => setTimeout(act, Math.max(delay, opened + delay - performance.now()));
    from.on("data", (bytes) => later(() => to.writable && to.write(bytes)));
    from.on("end", () => later(() => to.end()));
    from.on("error", () => to.destroy());
    from.on("close", () => later(() => to.destroy()));
}
