import { escapeXml } from "../../../core/xml.js";

it("leaves no markup in a text", () => {
    expect(escapeXml("<b>R&D</b>")).toBe("&lt;b&gt;R&amp;D&lt;/b&gt;");
    expect(escapeXml("&lt;")).toBe("&amp;lt;");
});
