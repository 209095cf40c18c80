import { asMermaid, asSvg } from "../../../../core/access/graph.js";
import { RIGHTS } from "../../cli/access/states.js";

it("draws each pair once, with all of its ports", () => {
    expect(asMermaid(RIGHTS)).toBe(
        [
            "flowchart LR",
            '    n0["(relay)"]',
            '    n1["nas"]',
            '    n2["alice"]',
            '    n3["192.168.7.0/24"]',
            '    n4["bob"]',
            '    n0 -->|"tcp/3000"| n1',
            '    n2 -->|"tcp/8443"| n0',
            '    n2 -->|"all"| n3',
            '    n2 -->|"icmp, tcp/22"| n1',
            '    n4 -->|"tcp/22"| n1',
            "",
        ].join("\n"),
    );
    expect(asMermaid([])).toBe("flowchart LR\n");
});

it("draws a picture that cannot be left by a name", () => {
    const picture = asSvg([...RIGHTS, { from: "</svg><script>", to: "a&b", ports: "all", by: "grants[9]" }]);
    expect(picture).not.toContain("<script>");
    expect(picture.match(/<line /g)).toHaveLength(6);
    expect(picture).toContain("&lt;/svg&gt;&lt;script&gt;");
    expect(asSvg([])).toMatch(/^<svg [^]*<\/svg>\n$/);
});
