import { renderClientConfig } from "../../../../../core/client/config.js";
import { full, files } from "./clients.js";

it("wg-quick is the file of configFor", () => {
    expect(files("wg-quick", full)).toEqual({ "/etc/wireguard/wg0.conf": renderClientConfig(full) });
});
