import { between } from "../../../../core/flows/cells.js";
import type { Box, Range } from "../../../../core/flows/packet.js";
import { portsText } from "../../../../core/flows/portsText.js";

const ALL: Range = [0n, 1n];
const boxes = between(ALL, ALL, 4);
const [TCP, UDP, PING, TIME] = boxes as [Box, Box, Box, Box];
const to = (box: Box, ...dport: [number, number]): Box => ({ ...box, dport });
const from = (box: Box, ...sport: [number, number]): Box => ({ ...box, sport });

it.each<[string, Box[]]>([
    ["all", boxes],
    ["tcp, udp", [TCP, UDP]],
    ["tcp/1-22", [to(TCP, 1, 10), to(TCP, 11, 22)]],
    ["tcp/22, tcp/24", [to(TCP, 24, 24), to(TCP, 22, 22)]],
    ["tcp/22", [from(to(TCP, 22, 22), 0, 99), from(to(TCP, 22, 22), 100, 65535)]],
    ["udp/1-9 from port 53", [from(to(UDP, 1, 9), 53, 53)]],
    ["icmp", [PING, TIME]],
    ["icmp type 13", [TIME]],
    ["protocol 47", [{ ...TCP, proto: [47, 47] }]],
])("%s", (text, all) => {
    expect(portsText(all, 4)).toBe(text);
});
