// A name server with one name's worth of knowledge: `dns.mjs ADDRESS`, on port 53. It answers every question for an IPv4 address with
// the one it was told last, and fails (SERVFAIL) until it is told one: "answer ADDRESS", "fail" or "silent", a line of stdin each.
// Says {"ready":true}, {"told"} for each line and {"asked"} for each question; ends with its stdin.
import dgram from "node:dgram";
import { createInterface } from "node:readline";

const [address] = process.argv.slice(2);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
let told = "fail";

const socket = dgram.createSocket("udp4");
socket.on("message", (query, { address, port }) => {
    const { name, type, end } = questionOf(query);
    say({ asked: name, type });
    if (told !== "silent") socket.send(answerTo(query, type, end), port, address);
});

function questionOf(query) {
    const labels = [];
    let at = 12;
    for (; query[at] !== 0; at += query[at] + 1) labels.push(query.toString("ascii", at + 1, at + 1 + query[at]));
    return { name: labels.join("."), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(query, type, end) {
    const [, ip] = told.split(" ");
    const found = ip !== undefined && type === 1;
    const head = Buffer.from(query.subarray(0, end));
    head.writeUInt16BE(ip === undefined ? 0x8182 : 0x8180, 2);
    head.writeUInt16BE(found ? 1 : 0, 6);
    head.fill(0, 8, 12);
    // A pointer to the name, type A, class IN, no time to live, four bytes.
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...(ip ?? "0.0.0.0").split(".").map(Number)]);
    return found ? Buffer.concat([head, record]) : head;
}

createInterface(process.stdin)
    .on("line", (line) => {
        told = line;
        say({ told });
    })
    .on("close", () => process.exit(0));
socket.bind(53, address, () => say({ ready: true }));
