import { cefLine, ocsfEvent } from "../../../../core/audit/siem.js";
import { entry, makeLog } from "./logs.js";

const product = { name: "qp-tunnel", version: "1.0" };
const { log, lines } = makeLog([
    entry(1),
    entry(2, { action: "setup_relay_error", status: "failure", details: { relay: "office" } }),
]);
const [, added, failed] = lines as [never, ...typeof lines];

it("a peer is an entity that is managed; a failure of the relay is a call that failed", () => {
    expect(ocsfEvent(added!, log, product)).toMatchObject({
        class_uid: 3004,
        type_uid: 300401,
        status: "Success",
        entity: { type: "VPN peer", name: "p1" },
        metadata: { sequence: 1, log_name: "shop/dev" },
    });
    expect(ocsfEvent(failed!, log, product)).toMatchObject({ class_uid: 6003, status: "Failure", severity_id: 3 });
    expect(ocsfEvent(failed!, log, product)).not.toHaveProperty("entity");
});

it("nothing in a record ends a field of CEF, or the line", () => {
    const odd = { ...added!, message: 'a|b\\c=d\nnew "line"', user: "eve=mallory|root" };
    const line = cefLine(odd, log, product);
    expect(line).not.toContain("\n");
    const parts = line.split(/(?<!\\)\|/);
    const header = ["CEF:0", "qp-tunnel", "qp-tunnel", "1.0", "peer_add", 'a\\|b\\\\c=d new "line"', "3"];
    expect(parts.slice(0, 7)).toEqual(header);
    expect(
        parts
            .slice(7)
            .join("|")
            .match(/(?<!\\)=/g),
    ).toHaveLength(13);
});
