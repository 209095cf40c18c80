// Numbered datagrams to an echo server: `udp-probe.mjs ADDRESS PORT RATE [PATIENCE]`. Says {"ready":true} at the first answer, and gives up
// without one for PATIENCE milliseconds (3000); {"sent","answered"} every 50 datagrams; "stop" on stdin ends the sending, and a second later
// (or with the last answer) the report follows. An outage is a run of datagrams without an answer; its length is the time from the first of
// them to the next one answered.
import dgram from "node:dgram";
import net from "node:net";

const [address, port, rate, patience = "3000"] = process.argv.slice(2);
const interval = 1000 / Number(rate);
const sentAt = [];
const answered = new Set();
let lastAnswer = 0;
let ready = false;
let stopped = false;
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const socket = dgram.createSocket({ type: net.isIPv6(address) ? "udp6" : "udp4", recvBufferSize: 1 << 22 });
socket.on("error", () => {}); // An ICMP error is a lost datagram, and counted as one.
socket.on("message", (datagram) => {
    answered.add(Number(datagram.toString().split(" ")[1]));
    lastAnswer = Date.now();
    if (!ready) say({ ready: (ready = true) });
    if (stopped && answered.size === sentAt.length) report();
});
await new Promise((resolve) => socket.connect(Number(port), address, resolve));

const giveUp = setTimeout(() => {
    if (ready) return;
    console.error(`no answer from ${address} port ${port} within ${Number(patience) / 1000} s`);
    process.exit(1);
}, Number(patience));
giveUp.unref();

const start = performance.now();
const timer = setInterval(() => {
    const due = Math.floor((performance.now() - start) / interval) + 1;
    while (sentAt.length < due) {
        socket.send(`probe ${sentAt.length}`, () => {});
        sentAt.push(performance.now());
        if (sentAt.length % 50 === 0) say({ sent: sentAt.length, answered: answered.size });
    }
}, interval);

let line = "";
process.stdin.setEncoding("utf8");
process.stdin.on("end", () => process.exit(0));
process.stdin.on("data", (chunk) => {
    line += chunk;
    if (!line.includes("stop\n") || stopped) return;
    stopped = true;
    clearInterval(timer);
    if (answered.size === sentAt.length) report();
    else setTimeout(report, 1000);
});

function report() {
    const outages = [];
    for (let number = 0; number < sentAt.length; number++) {
        if (answered.has(number)) continue;
        const first = number;
        while (number < sentAt.length && !answered.has(number)) number++;
        const end = number < sentAt.length ? sentAt[number] : sentAt[number - 1] + interval;
        outages.push({ first, lost: number - first, milliseconds: Math.round(end - sentAt[first]) });
    }
    const result = {
        sent: sentAt.length,
        lost: sentAt.length - answered.size,
        longestGap: Math.max(0, ...outages.map(({ milliseconds }) => milliseconds)),
        lastAnswer,
        outages,
    };
    process.stdout.write(`${JSON.stringify({ report: result })}\n`, () => process.exit(0));
}
