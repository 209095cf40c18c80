// A connection over SSH with a given private key, in a process of its own that can be killed. Reads {"host", "key"} as JSON on
// standard input; prints a line once a request was answered, and stays.
const { SshConnection } = require("../../../dist/providers/hosts/ssh");

const { host, key } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
setInterval(() => undefined, 1_000_000);
void new SshConnection(host, key).ask("true").then(() => console.log("answered"));
