// Writes every packet of every interface here to a file: `capture.mjs FILE`. Says {"ready":true}; ends with its stdin.
import { spawn } from "node:child_process";

// Packet sockets are out of reach for Node; Perl's are part of every Debian. 17 is AF_PACKET, 3 ETH_P_ALL, 33 SO_RCVBUFFORCE (packet(7), socket(7)).
const script = `
socket(my $all, 17, 3, unpack("S", pack("n", 3))) or die "socket: $!";
setsockopt($all, 1, 33, pack("i", 1 << 26)) or die "setsockopt: $!";
open(my $file, ">:raw", $ARGV[0]) or die "open: $!";
$| = 1;
print "ready\\n";
while (defined recv($all, my $packet, 1 << 17, 0)) { syswrite($file, $packet) }
die "recv: $!";
`;
const perl = spawn("perl", ["-e", script, process.argv[2]], { stdio: ["ignore", "pipe", "inherit"] });
perl.stdout.once("data", () => process.stdout.write('{"ready":true}\n'));
perl.on("exit", () => process.exit(1));
process.stdin.resume().on("end", () => {
    perl.removeAllListeners("exit").on("exit", () => process.exit(0));
    perl.kill();
});
