// One TCP connection or one UDP question: `connect.mjs tcp|udp ADDRESS PORT TIMEOUT_MS [FROM [FROM_PORT]]`. Prints what became of it in one word.
import dgram from "node:dgram";
import net from "node:net";

const [protocol, address, port, timeout, from, fromPort] = process.argv.slice(2);
const timer = setTimeout(() => answer("timeout"), Number(timeout));

if (protocol === "tcp") {
    const local = { ...(from ? { localAddress: from } : {}), ...(fromPort ? { localPort: Number(fromPort) } : {}) };
    const socket = net.connect({ host: address, port: Number(port), ...local });
    socket.on("connect", () => answer("open"));
    socket.on("error", (error) => answer(word(error)));
} else {
    const socket = dgram.createSocket(net.isIPv6(address) ? "udp6" : "udp4");
    socket.on("message", () => answer("open"));
    socket.on("error", (error) => answer(word(error)));
    // Connected, so that an ICMP error comes back as an error.
    socket.bind(Number(fromPort || 0), from || undefined, () =>
        socket.connect(Number(port), address, () => socket.send("?")),
    );
}

function word({ code, message }) {
    const words = {
        ECONNREFUSED: "refused",
        EHOSTUNREACH: "unreachable",
        ENETUNREACH: "unreachable",
        ETIMEDOUT: "timeout",
    };
    return words[code] ?? `error: ${message}`;
}

function answer(text) {
    clearTimeout(timer);
    process.stdout.write(`${text}\n`, () => process.exit(0));
}
