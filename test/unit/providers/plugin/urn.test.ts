import { parseUrn } from "../../../../providers/plugin/urn";

describe("parseUrn", () => {
    it("takes the last type and keeps a name with the separator in it", () => {
        expect(
            parseUrn("urn:pulumi:prod::vpn::a:b:C$qptunnel:index:Relay$qptunnel:index:WireGuard::relay::wg"),
        ).toStrictEqual({ stack: "prod", project: "vpn", type: "WireGuard", name: "relay::wg" });
    });

    it("refuses anything else", () => {
        expect(() => parseUrn("relay")).toThrow('the engine sent "relay", which is not a URN');
    });
});
