import { rightsInFile } from "../../../../cli/access/rights.js";
import { scratchFolder } from "../scratch.js";
import { exported, RIGHTS } from "./states.js";

const scratch = scratchFolder();

it("reads what a relay allows, with the addresses of its peers", () => {
    const file = scratch.write("state.json", exported(RIGHTS, "branch"));
    expect(rightsInFile(file, "branch")).toEqual([
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
    expect(() => rightsInFile(file, "office")).toThrow("the stack has no such relay");
});
