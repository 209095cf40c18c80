import { rightsIn } from "../../../../cli/access/rights.js";
import { parseExport } from "../../../../cli/state.js";
import { exported, RIGHTS } from "./states.js";

it("reads what a relay allows, with the addresses of its peers", () => {
    const resources = parseExport(exported(RIGHTS, "branch"), "state.json");
    expect(rightsIn(resources, "state.json", "branch")).toEqual([
        {
            relay: "branch",
            rights: RIGHTS,
            known: {
                peers: { alice: ["10.8.0.2"], bob: ["10.8.0.3"], nas: ["10.8.0.4"] },
                services: ["grafana"],
                subnets: ["10.8.0.2", "10.8.0.3", "10.8.0.4"],
            },
        },
    ]);
    expect(() => rightsIn(resources, "state.json", "office")).toThrow("the stack has no such relay");
});
